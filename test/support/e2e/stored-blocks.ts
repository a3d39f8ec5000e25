import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope } from '../../../protocols/wire/envelope.ts'
import { openBase } from '../../../src/checkpoint/base.ts'
import { listLeaves } from '../../../src/checkpoint/unixfs.ts'
import { blocksIn, type StoredBlocks } from '../disk/stored-blocks.ts'

export type { StoredBlocks }

export const storedBlocks = (dataDir: string): StoredBlocks => blocksIn(join(dataDir, 'blocks'))

/** A leaf of a base's weights, its lineage and its directory, and a leaf of one of its inputs. */
export async function partsOf(base: string, network: string, blocks: StoredBlocks) {
  const [directory, id] = [parseCid(base), parseCid(network)]
  if (!directory || !id) throw new Error('not CIDs')
  const get = (cid: CID) => blocks.read(cid)
  const opened = await openBase(directory, get)
  if (!opened.lineage) throw new Error('a certified base has a lineage')
  const { inputs } = lineageDeclaration.decode(await get(opened.lineage))
  const input = openEnvelope(inputs[0] ?? new Uint8Array(), [contribution], id)
  if (!isSigned(input)) throw new Error('a lineage has inputs')
  const lastLeaf = async (root: CID) => {
    const leaf = (await listLeaves(root, get, { maxBytes: Number.MAX_SAFE_INTEGER })).leaves.at(-1)
    if (!leaf) throw new Error('a file has leaves')
    return leaf.cid
  }
  return {
    directory,
    lineage: opened.lineage,
    weights: () => lastLeaf(opened.weights.cid),
    checkpoint: () => lastLeaf(input.message.checkpoint),
  }
}
