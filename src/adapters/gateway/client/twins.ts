import type { FileToReceive, IncomingFile } from '../../../ports/weight-files.ts'

/** The same file, whose leaves that occur many times are missing once, and are written everywhere at once. */
export function withoutTwins(
  { leaves }: Pick<FileToReceive, 'leaves'>,
  incoming: Pick<IncomingFile, 'missing' | 'write'>,
): Pick<IncomingFile, 'missing' | 'write'> {
  const placesOf = new Map<string, number[]>()
  for (const index of incoming.missing) {
    const key = String(leaves[index]?.cid)
    const places = placesOf.get(key)
    if (places === undefined) placesOf.set(key, [index])
    else places.push(index)
  }
  const all = new Map([...placesOf.values()].map((places) => [places[0], places]))
  return {
    missing: incoming.missing.filter((index) => all.has(index)),
    async write(leaf, block) {
      for (const place of all.get(leaf) ?? [leaf]) await incoming.write(place, block)
    },
  }
}
