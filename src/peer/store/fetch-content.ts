import type { CID } from 'multiformats/cid'
import type { Session } from '../../adapters/gateway/client/session.ts'
import type { SourceFault } from '../../adapters/gateway/client/source-error.ts'
import { withoutTwins } from '../../adapters/gateway/client/twins.ts'
import type { BlockSource } from '../../adapters/helia/block-source.ts'
import { DEFAULT_FETCH_CONCURRENCY, DEFAULT_MAX_PROVIDERS, DEFAULT_STALL_MS } from '../../adapters/helia/limits.ts'
import { createPatience } from '../../adapters/helia/patience.ts'
import { createPeerOrder } from '../../adapters/helia/peer-order.ts'
import type { Unanswered } from '../../adapters/helia/unanswered.ts'
import { walk } from '../../adapters/helia/walk.ts'
import { peerOf } from '../../adapters/libp2p/peer-of.ts'
import { type BaseFile, openBase } from '../../checkpoint/base.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import { readUnixfsBlock } from '../../checkpoint/unixfs-node.ts'
import type { ContentStore, FetchOptions } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { LocalBlocks } from '../../ports/local-blocks.ts'
import type { Retention } from '../../ports/retention.ts'
import type { FileToReceive, IncomingFile, WeightFiles } from '../../ports/weight-files.ts'
import type { GatewayExchange } from './gateway-exchange.ts'

export interface Fetching {
  readonly local: LocalBlocks
  readonly files: Pick<WeightFiles, 'receive'>
  readonly retention: Pick<Retention, 'pin'>
  /** Bitswap; undefined without a network. */
  readonly source: BlockSource | undefined
  /** HTTP, which goes first; undefined where it is off. */
  readonly web: GatewayExchange | undefined
  readonly connected: () => readonly string[]
  readonly dial: (providers: readonly string[], signal: AbortSignal) => Promise<void>
  readonly unanswered: Unanswered
  readonly isRunning: () => boolean
  readonly blockDeadlineMs: number
}

/** Of the time that nothing may come, the part that is for HTTP. */
const WEB_SHARE = 1 / 3

/** From peers by HTTP, large files in ranges from several at once; what none of them gives by bitswap, block by block. */
export function createFetch(fetching: Fetching): ContentStore['fetch'] {
  const { local, files, retention, source, web, unanswered, isRunning } = fetching

  return async (root: CID, fetchOptions: FetchOptions): Promise<{ blocks: number; bytes: number }> => {
    const { shape, maxBytes, fileBytes, timeoutMs, stallMs = DEFAULT_STALL_MS, onProgress } = fetchOptions
    const providers = (fetchOptions.providers ?? []).slice(0, DEFAULT_MAX_PROVIDERS)
    const order = createPeerOrder(
      providers.map(peerOf).filter((peer) => peer !== undefined),
      unanswered.count,
    )
    using _ = retention.pin(root)
    using patience = createPatience({ root, timeoutMs, stallMs, signal: fetchOptions.signal })
    const { signal } = patience
    const onLeft = (peer: string, fault: SourceFault): void => {
      order.failed(peer)
      if (fault === 'lied' || fault === 'failed') unanswered.add(peer)
    }
    using session = web?.session({ root, stallMs, onLeft, peers: () => order.list(fetching.connected()) })
    // One peer's silence must leave time to ask another.
    const within = { blockDeadlineMs: Math.min(fetching.blockDeadlineMs, stallMs / 2), signal }
    const fresh = new Set<string>()
    let dialled: Promise<void> | undefined
    let blocks = 0
    let bytes = 0

    const count = (block: { readonly byteLength: number }): void => {
      blocks++
      bytes += block.byteLength
      onProgress?.({ blocks, bytes })
    }

    const dialOnce = (): Promise<void> => {
      dialled ??= fetching.dial(providers, signal)
      return dialled
    }

    /** From the network, stored. */
    const bring = async (cid: CID): Promise<Uint8Array> => {
      if (source === undefined || !isRunning()) {
        throw new ColdmeshError('block-missing', 'A block is not here, and there is no network to ask.', {
          facts: { cid: cid.toString() },
        })
      }
      await dialOnce()
      const block = (await bringByHttp(session, cid)) ?? (await source.fetch(cid, order, within))
      fresh.add(cid.toString())
      patience.progress()
      return block
    }

    async function bringByHttp(over: Session | undefined, cid: CID): Promise<Uint8Array | null> {
      if (over === undefined) return null
      const block = await over.block(
        cid,
        AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(stallMs * WEB_SHARE))]),
      )
      signal.throwIfAborted()
      if (block !== null) await local.accept(cid, block)
      return block
    }

    const take = async (cid: CID): Promise<Uint8Array> => {
      signal.throwIfAborted()
      return (await local.take(cid)) ?? (await bring(cid))
    }

    /** A canonical file of more than one leaf, which goes to its place as it comes; null for anything else. */
    async function receiveFile(
      root: CID,
      fileBytes: number | undefined,
    ): Promise<{ blocks: number; bytes: number } | null> {
      const nodes: Uint8Array[] = []
      const takeNode = async (cid: CID): Promise<Uint8Array> => {
        const node = await take(cid)
        nodes.push(node)
        return node
      }
      const file = await readLeaves(root, takeNode, { maxBytes, fileBytes })
      if (file === null) return null
      for (const node of nodes) count(node)
      await using incoming = await files.receive(file, { durable: fetchOptions.durable })
      const once = withoutTwins(file, incoming)
      const missing = new Set(incoming.missing.map((index) => String(file.leaves[index]?.cid)))
      const here = new Map(file.leaves.map(({ cid, bytes }) => [String(cid), bytes]))
      for (const [cid, byteLength] of here) if (!missing.has(cid)) count({ byteLength })
      const arrived = (leafBytes: number): void => {
        patience.progress()
        count({ byteLength: leafBytes })
      }
      if (missing.size > 0) await bringLeaves(file, once, arrived)
      await incoming.finish()
      return { blocks, bytes }
    }

    async function bringLeaves(
      file: FileToReceive,
      incoming: Pick<IncomingFile, 'missing' | 'write'>,
      arrived: (bytes: number) => void,
    ): Promise<void> {
      if (isRunning()) await dialOnce()
      const isByHttp = session !== undefined && isRunning()
      const left = isByHttp ? await session.leaves({ file, incoming, signal, onLeaf: arrived }) : incoming.missing
      signal.throwIfAborted()
      const queue = left.values()
      const work = async (): Promise<void> => {
        for (const index of queue) {
          const leaf = file.leaves[index]
          if (leaf === undefined) continue
          const block = await take(leaf.cid)
          // Its own bytes may be more or fewer than the nodes above say.
          readUnixfsBlock({ cid: leaf.cid, expected: { kind: 'file', bytes: leaf.bytes }, depth: 1 }, block)
          await incoming.write(index, block)
          arrived(leaf.bytes)
        }
      }
      await Promise.all(Array.from({ length: DEFAULT_FETCH_CONCURRENCY }, work))
    }

    if (shape === 'file') {
      const received = await receiveFile(root, fileBytes)
      if (received !== null) return received
    }
    let kept: CID | undefined
    if (shape === 'directory') {
      const weights = await weightsOf(root, take)
      if (weights !== null && (await receiveFile(weights.cid, weights.bytes)) !== null) kept = weights.cid
    }
    await walk(root, {
      shape,
      maxBytes,
      fileBytes,
      take,
      kept,
      discard: async (cid) => {
        // A block that was here before belongs to something else, for which it is right.
        if (fresh.has(cid.toString())) await local.delete(cid)
      },
      signal,
      onBlock: (block) => {
        patience.progress()
        count(block)
      },
    })
    return { blocks, bytes }
  }
}

/** Those of a base; null for another directory, of which the walk says what it is. */
async function weightsOf(root: CID, get: (cid: CID) => Promise<Uint8Array>): Promise<BaseFile | null> {
  try {
    return (await openBase(root, get)).weights
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint')) return null
    throw error
  }
}

/** Null for what is no canonical file of this length, or is one leaf: the walk says what is wrong with it. */
async function readLeaves(
  root: CID,
  get: (cid: CID) => Promise<Uint8Array>,
  { maxBytes, fileBytes }: { readonly maxBytes: number; readonly fileBytes: number | undefined },
): Promise<FileToReceive | null> {
  try {
    const { leaves, bytes } = await listLeaves(root, get, { maxBytes: Math.min(maxBytes, fileBytes ?? maxBytes) })
    return leaves.length < 2 || (fileBytes !== undefined && bytes !== fileBytes) ? null : { root, bytes, leaves }
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint') || isColdmeshError(error, 'too-large')) return null
    throw error
  }
}
