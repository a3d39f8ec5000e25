import type { CID } from 'multiformats/cid'
import type { Layout } from '../checkpoint/layout.ts'
import { importFile, readFile } from '../checkpoint/unixfs.ts'
import { fuseCheckpoints } from '../fusion/fuse.ts'
import type { ContentStore } from '../ports/content-store.ts'

/**
 * Fuses checkpoints of the store into it, and resolves with the CID of the result. Between two leaves everything else that
 * waits has its turn: votes and questions of others must not wait for a model.
 * @throws ColdmeshError as `fuseCheckpoints`; `block-missing`, `block-corrupt`
 */
export async function fuseStored(options: {
  readonly rule: string
  readonly params: Readonly<Record<string, number>>
  readonly layout: Layout
  readonly base: CID
  readonly inputs: readonly CID[]
  readonly store: Pick<ContentStore, 'get' | 'put'>
}): Promise<CID> {
  const { base, inputs, store, ...rule } = options
  const open = (cid: CID) => readFile(cid, (block) => store.get(block), { maxBytes: rule.layout.totalBytes })
  const fused = fuseCheckpoints({ ...rule, base: open(base), inputs: inputs.map(open) })
  const { cid } = await importFile(fused, async (block, bytes) => {
    await store.put(block, bytes)
    await new Promise((resolve) => setImmediate(resolve))
  })
  return cid
}
