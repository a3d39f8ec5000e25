import type { CID } from 'multiformats/cid'
import { RAW } from '../../checkpoint/acceptable-cid.ts'
import { type BlocksHere, isIdentity, readBlock } from './block-reader.ts'
import type { ByteRange } from './byte-range.ts'
import { DEFAULT_MAX_ANSWER_BLOCKS, DEFAULT_MAX_DEPTH, DEFAULT_MAX_REMEMBERED_BLOCKS } from './limits.ts'
import { type NodeView, viewNode } from './node-view.ts'
import type { DagScope } from './request.ts'
import type { FoundBlock, Resolved } from './resolve-path.ts'
import { isShardLink } from './shard.ts'

export interface WalkOptions {
  readonly scope: DagScope
  /** Of the file at the end of the path; null for all of it. */
  readonly bytes: ByteRange | null
  readonly dups: boolean
  /** Where the file at the end of the path is kept whole: its leaves, by their place in it. */
  readonly readLeaf?: (offset: number, bytes: number) => Promise<Uint8Array>
}

/** Still to be read: a block, and which bytes of the file below it are wanted, counted from its first one. */
interface Visit {
  readonly cid: CID
  readonly bytes: ByteRange | null
  readonly depth: number
  /** Of a file below its root: where it begins, and how long it is. */
  readonly place?: { readonly offset: number; readonly bytes: number }
}

/**
 * The blocks of an answer, depth first: those of the path, then what the scope asks for. A block is read when its turn comes.
 * @throws Error when one is not here, or is not of its codec: what was yielded is not all
 */
export async function* walkDag(
  blocks: BlocksHere,
  { above, terminus }: Resolved,
  options: WalkOptions,
): AsyncGenerator<FoundBlock> {
  const isNew = options.dups ? () => true : createSeen()
  let count = 0
  for (const found of above) if (!isIdentity(found.cid) && isNew(found.cid)) yield found
  const stack: Visit[] = [{ cid: terminus.cid, bytes: options.bytes, depth: 0 }]
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { cid, depth } = visit
    if (++count > DEFAULT_MAX_ANSWER_BLOCKS || depth > DEFAULT_MAX_DEPTH) throw new Error('the graph has no end')
    // Of a range, the same node may be asked for other bytes.
    if (options.bytes === null && !isNew(cid)) continue
    const block = depth === 0 ? terminus.block : await readVisit(blocks, visit, options)
    if (block === null) throw new Error(`block ${cid} is not here`)
    if (!isIdentity(cid) && (options.bytes === null || isNew(cid))) yield { cid, block }
    if (options.scope === 'block') continue
    const view = depth === 0 ? terminus.view : viewNode(cid, block)
    stack.push(...childrenOf(view, visit, options.scope).toReversed())
  }
}

async function readVisit(
  blocks: BlocksHere,
  { cid, place }: Visit,
  { readLeaf }: WalkOptions,
): Promise<Uint8Array | null> {
  if (readLeaf === undefined || place === undefined || cid.code !== RAW) return await readBlock(blocks, cid)
  return await readLeaf(place.offset, place.bytes)
}

function childrenOf(view: NodeView, { bytes, depth, place }: Visit, scope: DagScope): readonly Visit[] {
  const all = (links: readonly { cid: CID }[]): Visit[] =>
    links.map(({ cid }) => ({ cid, bytes: null, depth: depth + 1 }))
  if (view.kind === 'leaf') return []
  if (view.kind === 'file') {
    if (view.sizes === null) return all(view.links)
    let end = view.inline
    return view.links.flatMap(({ cid }, i): Visit[] => {
      const size = view.sizes?.[i] ?? 0
      const begin = end
      end += size
      const child = { cid, depth: depth + 1, place: { offset: (place?.offset ?? 0) + begin, bytes: size } }
      if (bytes === null) return [{ ...child, bytes: null }]
      const first = Math.max(bytes.first - begin, 0)
      const last = Math.min(bytes.last - begin, size - 1)
      return first > last ? [] : [{ ...child, bytes: { first, last } }]
    })
  }
  if (scope === 'all') return all(view.links)
  return view.kind === 'shard' ? all(view.links.filter(({ name }) => isShardLink(view, name))) : []
}

/** Bounded: what was forgotten is sent again. */
function createSeen(): (cid: CID) => boolean {
  const seen = new Set<string>()
  return (cid) => {
    const key = Buffer.from(cid.bytes).toString('latin1')
    if (seen.has(key)) return false
    if (seen.size < DEFAULT_MAX_REMEMBERED_BLOCKS) seen.add(key)
    return true
  }
}
