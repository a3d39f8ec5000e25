import type { CID } from 'multiformats/cid'
import { openBase } from '../../checkpoint/base.ts'
import { isRawCid } from '../../checkpoint/cid.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import type { FetchOptions } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { IncomingFile, WeightFiles } from '../../ports/weight-files.ts'

/**
 * Makes place for the weights under a root whose nodes are here: a file, or that of a base's directory. From then on their leaves go to
 * it. Null for what is no canonical file of several leaves.
 * @throws ColdmeshError `refused` when there is no room
 */
export async function receiveWeights(
  root: CID,
  {
    local,
    files,
    shape,
    maxBytes,
  }: {
    readonly local: Pick<LocalBlocks, 'get'>
    readonly files: WeightFiles
    readonly shape: FetchOptions['shape']
    readonly maxBytes: number
  },
): Promise<IncomingFile | null> {
  const get = (cid: CID) => local.get(cid)
  try {
    const file = shape === 'directory' ? (await openBase(root, get)).weights.cid : root
    if (isRawCid(file)) return null
    return await files.receive({ root: file, ...(await listLeaves(file, get, { maxBytes })) })
  } catch (error) {
    // Whoever asked for it says what is wrong with it.
    if (isColdmeshError(error, 'bad-checkpoint') || isColdmeshError(error, 'too-large')) return null
    throw error
  }
}
