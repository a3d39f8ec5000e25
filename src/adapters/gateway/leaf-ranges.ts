/**
 * Response header about a file that its sender is still getting itself: which leaves it has, as `0-7,16-23` or `none`. Whoever has all of a file
 * does not send it.
 */
export const LEAVES_HEADER = 'coldmesh-leaves'
const NONE = 'none'
/** The others are told of later. */
const MAX_RANGES = 256

/** @param here 1 for each leaf that is here */
export function formatLeaves(here: Uint8Array): string {
  const ranges: string[] = []
  for (let at = here.indexOf(1); at >= 0 && ranges.length < MAX_RANGES; ) {
    const end = endOfRun(here, at)
    ranges.push(`${at}-${end - 1}`)
    at = here.indexOf(1, end)
  }
  return ranges.length === 0 ? NONE : ranges.join(',')
}

/** 1 for each of `count` leaves that it names; null for what is no such header. */
export function parseLeaves(text: string, count: number): Uint8Array | null {
  const here = new Uint8Array(count)
  if (text === NONE) return here
  const ranges = text.split(',')
  if (ranges.length > MAX_RANGES) return null
  for (const range of ranges) {
    const [, first, last] = /^(\d{1,9})-(\d{1,9})$/.exec(range) ?? []
    if (first === undefined || last === undefined || Number(first) > Number(last) || Number(last) >= count) return null
    here.fill(1, Number(first), Number(last) + 1)
  }
  return here
}

/** One after the last of the leaves from `at` on that are here. */
export function endOfRun(here: Uint8Array, at: number): number {
  const end = here.indexOf(0, at)
  return end < 0 ? here.length : end
}
