import type { CID } from 'multiformats/cid'
import { type BlocksHere, readBlock, storedCid } from './block-reader.ts'
import { type NodeView, viewNode } from './node-view.ts'

export interface FoundBlock {
  readonly cid: CID
  readonly block: Uint8Array
}

export interface FoundNode extends FoundBlock {
  readonly view: NodeView
}

/** Null for what is not here. @throws Error when a block is not of the codec that its CID names */
export type ReadNode = (cid: CID) => Promise<FoundNode | null>

/** Nodes of files that are kept, read: of one with 1,024 leaves every range is asked for by its root. */
const MAX_KEPT = 8

export function createNodeReader(blocks: BlocksHere): ReadNode {
  const kept = new Map<string, FoundNode>()
  return async (cid) => {
    const key = String(cid)
    const known = kept.get(key)
    kept.delete(key)
    const stored = storedCid(cid)
    const isHere = known !== undefined && stored !== null && (await blocks.has(stored))
    const found = isHere ? known : await readNode(blocks, cid)
    if (found?.view.kind !== 'file') return found
    kept.set(key, found)
    const [oldest] = kept.keys()
    if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest)
    return found
  }
}

async function readNode(blocks: BlocksHere, cid: CID): Promise<FoundNode | null> {
  const block = await readBlock(blocks, cid)
  return block === null ? null : { cid, block, view: viewNode(cid, block) }
}
