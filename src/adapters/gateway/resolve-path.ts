import { CID } from 'multiformats/cid'
import { isColdmeshError } from '../../ports/errors.ts'
import { missing } from './block-reader.ts'
import { GatewayError } from './gateway-error.ts'
import type { FoundBlock, FoundNode, ReadNode } from './node-reader.ts'
import type { GatewayRequest } from './request.ts'
import { hashName, stepInShard } from './shard.ts'

export interface Resolved {
  /** Blocks that prove the path, in its order, without the last. */
  readonly above: readonly FoundBlock[]
  readonly terminus: FoundNode
  /** One for the root and each segment. */
  readonly roots: readonly CID[]
}

/** @throws GatewayError 404 (no such name, or a block is not here), 412, 500 (a block is not what its CID says), 501 */
export async function resolvePath(readNode: ReadNode, request: GatewayRequest): Promise<Resolved> {
  const above: FoundBlock[] = []
  const roots: CID[] = [request.root]
  const read = async (cid: CID, what: string): Promise<FoundNode> => {
    const found = await readNode(cid).catch(notOfCodec)
    if (found === null) throw missing(what, request.isOnlyIfCached)
    return found
  }
  const { segments } = request
  let at = await read(request.root, 'The root')
  for (let i = 0; i < segments.length; ) {
    const { view } = at
    const segment = segments[i] ?? ''
    above.push(at)
    if (view.kind === 'shard') {
      const hash = await hashName(segment)
      let step = stepInShard(view, { name: segment, hash, depth: 0 })
      for (let depth = 1; step?.isShard; depth++) {
        const shard = await read(step.cid, `A block on the way to segment ${i + 1}`)
        above.push(shard)
        step = shard.view.kind === 'shard' ? stepInShard(shard.view, { name: segment, hash, depth }) : null
      }
      if (step === null) throw notThere(i)
      at = await read(step.cid, `The block of segment ${i + 1}`)
      i++
    } else if (view.kind === 'document') {
      const found = linkInDocument(view.value, segments.slice(i))
      if (found === null) throw notThere(i)
      i += found.steps
      at = await read(found.cid, `The block of segment ${i}`)
    } else {
      const links = view.kind === 'leaf' ? [] : view.links
      const link = view.kind === 'file' ? undefined : links.find(({ name }) => name === segment)
      if (link === undefined) throw notThere(i)
      at = await read(link.cid, `The block of segment ${i + 1}`)
      i++
    }
    roots.push(at.cid)
  }
  return { above, terminus: at, roots }
}

/** A link of the document, and how many segments lead to it; null when a name is not there. @throws GatewayError 501 */
function linkInDocument(value: unknown, segments: readonly string[]): { cid: CID; steps: number } | null {
  let at = value
  for (const [i, segment] of segments.entries()) {
    const isHolder = typeof at === 'object' && at !== null && Object.hasOwn(at, segment)
    if (!isHolder) return null
    at = Reflect.get(Object(at), segment)
    const cid = CID.asCID(at)
    if (cid !== null) return { cid, steps: i + 1 }
  }
  throw new GatewayError(501, 'The path ends inside a document: only its links can be followed.')
}

function notThere(i: number): GatewayError {
  return new GatewayError(404, `Segment ${i + 1} of the path names nothing there.`)
}

function notOfCodec(cause: unknown): never {
  if (isColdmeshError(cause)) throw cause
  const why = cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable'
  throw new GatewayError(500, `A block is not of the codec that its CID names: ${why}`)
}
