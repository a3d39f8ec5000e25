import type { CID } from 'multiformats/cid'
import type { FusionParams } from '../../protocols/genesis/fusion.ts'
import type { Clipping } from '../../protocols/lineage/clipping.ts'
import type { Layout } from '../checkpoint/layout.ts'
import { importFile, readFile } from '../checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../fusion/fuse.ts'
import type { ContentStore } from '../ports/content-store.ts'

export interface StoredFusion {
  readonly rule: string
  readonly params: FusionParams
  readonly layout: Layout
  readonly base: CID
  readonly inputs: readonly CID[]
  /** Weights that each input was trained from, where these are not the base's. */
  readonly parents?: readonly (CID | null)[]
  /** Rows that each input states. */
  readonly rows?: readonly number[]
  readonly store: Pick<ContentStore, 'get' | 'put'>
}

/** The result as a file, in chunks. @throws ColdmeshError as `fuseCheckpoints`, while it is read */
export function streamFusion(
  { base, inputs, parents, store, ...rule }: StoredFusion,
  onClipping?: (clipping: Clipping) => void,
): AsyncIterable<Uint8Array> {
  const open = (cid: CID) => () => readFile(cid, (block) => store.get(block), { maxBytes: rule.layout.totalBytes })
  return fuseCheckpoints({
    ...rule,
    base: () => withPauses(open(base)()),
    inputs: inputs.map(open),
    ...(parents && { parents: parents.map((cid) => (cid === null ? null : open(cid))) }),
    ...(onClipping && { onClipping }),
  })
}

/** Between two leaves everything else that waits has its turn: votes and questions of others must not wait for a model. */
async function* withPauses(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const leaf of file) {
    yield leaf
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/**
 * Fuses checkpoints of the store into it, and resolves with the CID of the result, and what `clipped-mean/1` found.
 * @throws ColdmeshError as `fuseCheckpoints`; `block-missing`, `block-corrupt`
 */
export async function fuseStored(
  fusion: StoredFusion,
): Promise<{ readonly weights: CID; readonly clipping: Clipping | null }> {
  const found: Clipping[] = []
  const { cid } = await importFile(
    streamFusion(fusion, (clipping) => found.push(clipping)),
    (block, bytes) => fusion.store.put(block, bytes),
  )
  return { weights: cid, clipping: found[0] ?? null }
}
