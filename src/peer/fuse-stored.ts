import type { CID } from 'multiformats/cid'
import type { Layout } from '../checkpoint/layout.ts'
import { importFile, readFile } from '../checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../fusion/fuse.ts'
import type { ContentStore } from '../ports/content-store.ts'

export interface StoredFusion {
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
  readonly layout: Layout
  readonly base: CID
  readonly inputs: readonly CID[]
  /** Weights that each input was trained from, where these are not the base's. */
  readonly parents?: readonly (CID | null)[]
  readonly store: Pick<ContentStore, 'get' | 'put'>
}

/** The result as a file, in chunks. @throws ColdmeshError as `fuseCheckpoints`, while it is read */
export function streamFusion({ base, inputs, parents, store, ...rule }: StoredFusion): AsyncIterable<Uint8Array> {
  const open = (cid: CID) => readFile(cid, (block) => store.get(block), { maxBytes: rule.layout.totalBytes })
  const late = parents === undefined ? {} : { parents: parents.map((cid) => (cid === null ? null : open(cid))) }
  return fuseCheckpoints({ ...rule, base: open(base), inputs: inputs.map(open), ...late })
}

/**
 * Fuses checkpoints of the store into it, and resolves with the CID of the result. Between two leaves everything else that
 * waits has its turn: votes and questions of others must not wait for a model.
 * @throws ColdmeshError as `fuseCheckpoints`; `block-missing`, `block-corrupt`
 */
export async function fuseStored(fusion: StoredFusion): Promise<CID> {
  const { cid } = await importFile(streamFusion(fusion), async (block, bytes) => {
    await fusion.store.put(block, bytes)
    await new Promise((resolve) => setImmediate(resolve))
  })
  return cid
}
