import type { CID } from 'multiformats/cid'
import { openBase } from '../../checkpoint/base.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'

/** Whether every file of a base is here, by names of blocks alone: what they hold, the check of the store reads. */
export async function isWhole(store: Pick<ContentStore, 'get' | 'has'>, base: CID): Promise<boolean> {
  try {
    const { files } = await openBase(base, (cid) => store.get(cid))
    for (const { cid, bytes } of files) {
      const { leaves } = await listLeaves(cid, (node) => store.get(node), { maxBytes: bytes })
      for (const leaf of leaves) if (!(await store.has(leaf.cid))) return false
    }
    return true
  } catch (error) {
    if (isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'block-corrupt')) return false
    throw error
  }
}
