import type { CID } from 'multiformats/cid'
import { openBase } from '../../checkpoint/base.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'

type Blocks = Pick<ContentStore, 'get' | 'has'>

/** Whether every file of a base is here, by names of blocks alone: what they hold, the check of the store reads. */
export async function isWhole(store: Blocks, base: CID): Promise<boolean> {
  return await unlessMissing(async () => {
    const { files } = await openBase(base, (cid) => store.get(cid))
    for (const { cid, bytes } of files) if (!(await hasLeaves(store, cid, bytes))) return false
    return true
  })
}

/** The same of one file of at most so many bytes. */
export async function isFileWhole(store: Blocks, file: CID, maxBytes: number): Promise<boolean> {
  return await unlessMissing(() => hasLeaves(store, file, maxBytes))
}

async function hasLeaves(store: Blocks, file: CID, maxBytes: number): Promise<boolean> {
  const { leaves } = await listLeaves(file, (node) => store.get(node), { maxBytes })
  for (const leaf of leaves) if (!(await store.has(leaf.cid))) return false
  return true
}

async function unlessMissing(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look()
  } catch (error) {
    if (isColdmeshError(error, 'block-missing') || isColdmeshError(error, 'block-corrupt')) return false
    throw error
  }
}
