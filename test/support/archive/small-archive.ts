import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchiveContents } from '../../../protocols/archive/messages.ts'
import { type WriteArchiveOptions, writeArchive } from '../../../src/peer/archive/write.ts'
import { addRound, startChain, type TestChain } from '../history/build-chain.ts'
import { SMALL_LAYOUT } from '../history/checkpoints.ts'

/** Rounds of a model of one leaf: an archive of everything has about 8,000 bytes a round. */
export async function smallChain(rounds = 2): Promise<TestChain> {
  let chain = await startChain('small', {}, SMALL_LAYOUT)
  for (let round = 1; round <= rounds; round++) {
    chain = await addRound(chain, { seeds: [2 * round - 1, 2 * round] })
  }
  return chain
}

/** What `writeArchive` needs of a chain. */
export function archiveOptions(
  chain: TestChain,
  contents: ArchiveContents,
): Omit<WriteArchiveOptions, 'file'> & { readonly base: TestChain['head']['base'] } {
  const { network, net, store, head } = chain
  return { network, genesisBytes: net.bytes, store, base: head.base, certificate: head.certificate, contents }
}

let written = 0

/** Writes the archive of a chain's head into `folder`. @returns its path and bytes */
export async function archiveOf(
  chain: TestChain,
  contents: ArchiveContents,
  folder: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array; readonly root: string }> {
  const path = join(folder, `${contents}-${written++}.car`)
  const { root } = await writeArchive({ ...archiveOptions(chain, contents), file: path })
  return { path, bytes: new Uint8Array(await readFile(path)), root }
}
