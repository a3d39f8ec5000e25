import type { CID } from 'multiformats/cid'
import { RAW } from '../../checkpoint/acceptable-cid.ts'
import { isIdentity } from './block-reader.ts'
import type { ByteRange } from './byte-range.ts'
import { DEFAULT_MAX_ANSWER_BLOCKS, DEFAULT_MAX_DEPTH, DEFAULT_MAX_REMEMBERED_BLOCKS } from './limits.ts'
import type { FoundBlock, FoundNode, ReadNode } from './node-reader.ts'
import type { FileView, NodeView } from './node-view.ts'
import type { DagScope } from './request.ts'
import type { Resolved } from './resolve-path.ts'
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
  readNode: ReadNode,
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
    const found = depth === 0 ? terminus : await readVisit(readNode, visit, options)
    if (found === null) throw new Error(`block ${cid} is not here`)
    if (!isIdentity(cid) && (options.bytes === null || isNew(cid))) yield found
    if (options.scope === 'block') continue
    stack.push(...childrenOf(found.view, visit, options.scope).toReversed())
  }
}

async function readVisit(
  readNode: ReadNode,
  { cid, place }: Visit,
  { readLeaf }: WalkOptions,
): Promise<FoundNode | null> {
  if (readLeaf === undefined || place === undefined || cid.code !== RAW) return await readNode(cid)
  const block = await readLeaf(place.offset, place.bytes)
  return { cid, block, view: { kind: 'leaf', bytes: block.byteLength } }
}

function childrenOf(view: NodeView, visit: Visit, scope: DagScope): readonly Visit[] {
  const { depth } = visit
  const all = (links: readonly { cid: CID }[]): Visit[] =>
    links.map(({ cid }) => ({ cid, bytes: null, depth: depth + 1 }))
  if (view.kind === 'leaf') return []
  if (view.kind === 'file') return view.sizes === null ? all(view.links) : partsOf(view, view.sizes, visit)
  if (scope === 'all') return all(view.links)
  return view.kind === 'shard' ? all(view.links.filter(({ name }) => isShardLink(view, name))) : []
}

/** Those children of a file that have some of the bytes. */
function partsOf({ links, inline }: FileView, sizes: readonly number[], { bytes, depth, place }: Visit): Visit[] {
  const parts: Visit[] = []
  let end = inline
  for (const [i, size] of sizes.entries()) {
    const [begin, link] = [end, links[i]]
    end += size
    const first = bytes === null ? 0 : Math.max(bytes.first - begin, 0)
    const last = bytes === null ? size - 1 : Math.min(bytes.last - begin, size - 1)
    if (link === undefined || (bytes !== null && first > last)) continue
    const at = { offset: (place?.offset ?? 0) + begin, bytes: size }
    parts.push({ cid: link.cid, bytes: bytes === null ? null : { first, last }, depth: depth + 1, place: at })
  }
  return parts
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
