import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { CID } from 'multiformats/cid'
import { openBlockStore } from '../../adapters/blocks/open-block-store.ts'
import { createExchange } from '../../adapters/helia/bitswap.ts'
import { createBlockSource } from '../../adapters/helia/block-source.ts'
import { blockstoreView } from '../../adapters/helia/blockstore-view.ts'
import {
  DEFAULT_BLOCK_DEADLINE_MS,
  DEFAULT_MAX_PROVIDERS,
  DEFAULT_PROVIDER_DIAL_MS,
  DEFAULT_STALL_MS,
} from '../../adapters/helia/limits.ts'
import { createPatience } from '../../adapters/helia/patience.ts'
import { createPeerOrder } from '../../adapters/helia/peer-order.ts'
import { createUnanswered } from '../../adapters/helia/unanswered.ts'
import { walk } from '../../adapters/helia/walk.ts'
import type { ContentStore, FetchOptions } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Mesh } from '../../ports/mesh.ts'
import type { Retention } from '../../ports/retention.ts'
import type { Log } from '../../ports/system.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import { receiveWeights } from './receive-weights.ts'

export interface ContentStoreOptions {
  /** Where blocks are kept; null keeps them in memory. */
  readonly dir: string | null
  /** The node to exchange blocks over; null works with what is here. */
  readonly node: { readonly libp2p: Libp2p; readonly mesh: Mesh } | null
  readonly log: Log
  /** How long one peer may take for one block before another is asked. */
  readonly blockDeadlineMs?: number
  readonly broadcastMs?: number
}

export interface OpenContentStore extends ContentStore, AsyncDisposable {
  readonly retention: Retention
  readonly files: WeightFiles
  /** Questions for blocks that a peer left unanswered since it last gave one. */
  unansweredBy(peer: string): number
  /** Counts the blocks, then begins to serve them to others and to fetch from them; the node should be started before. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** @throws ColdmeshError `refused` */
export async function createContentStore(options: ContentStoreOptions): Promise<OpenContentStore> {
  const { dir, node, log, blockDeadlineMs = DEFAULT_BLOCK_DEADLINE_MS } = options
  const unanswered = createUnanswered()
  const blockStore = await openBlockStore(dir)
  const { local, retention, noteServed, count } = blockStore
  const exchange = node === null ? undefined : createExchange(node.libp2p, blockstoreView(local, noteServed))
  const source =
    node === null || exchange === undefined
      ? undefined
      : createBlockSource({
          helia: exchange.helia,
          libp2p: node.libp2p,
          connected: () => node.mesh.peers().map(({ id }) => id),
          unanswered,
          log,
          ...(options.broadcastMs === undefined ? {} : { broadcastMs: options.broadcastMs }),
        })
  let running = false
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined

  const dialProviders = async (providers: readonly string[], signal: AbortSignal): Promise<void> => {
    const dial = async (address: string): Promise<void> => {
      try {
        await node?.mesh.connect(address, { timeoutMs: DEFAULT_PROVIDER_DIAL_MS, signal })
      } catch (error) {
        log.debug('provider-not-reached', { address, error })
      }
    }
    await Promise.all(providers.map(dial))
  }

  const fetch = async (root: CID, fetchOptions: FetchOptions): Promise<{ blocks: number; bytes: number }> => {
    const { shape, maxBytes, fileBytes, timeoutMs, stallMs = DEFAULT_STALL_MS, onProgress } = fetchOptions
    const providers = (fetchOptions.providers ?? []).slice(0, DEFAULT_MAX_PROVIDERS)
    const order = createPeerOrder(
      providers.map(peerOf).filter((peer) => peer !== undefined),
      unanswered.count,
    )
    using _ = retention.pin(root)
    using patience = createPatience({ root, timeoutMs, stallMs, signal: fetchOptions.signal })
    const { signal } = patience
    // One peer's silence must leave time to ask another.
    const within = { blockDeadlineMs: Math.min(blockDeadlineMs, stallMs / 2), signal }
    const fresh = new Set<string>()
    let dialled: Promise<void> | undefined
    let blocks = 0
    let bytes = 0

    const take = async (cid: CID): Promise<Uint8Array> => {
      signal.throwIfAborted()
      const here = await local.take(cid)
      if (here !== undefined) return here
      if (source === undefined || !running) {
        throw new ColdmeshError('block-missing', 'A block is not here, and there is no network to ask.', {
          facts: { cid: cid.toString() },
        })
      }
      dialled ??= dialProviders(providers, signal)
      await dialled
      const block = await source.fetch(cid, order, within)
      fresh.add(cid.toString())
      patience.progress()
      return block
    }

    const discard = async (cid: CID): Promise<void> => {
      // A block that was here before belongs to something else, for which it is right.
      if (fresh.has(cid.toString())) await local.delete(cid)
    }
    const limits = { shape, maxBytes, fileBytes, take, discard, signal }
    if (shape !== 'block') await walk(root, { ...limits, nodesOnly: true, onBlock: () => {} })
    await using weights = shape === 'block' ? null : await receiveWeights(root, { ...blockStore, shape, maxBytes })
    await walk(root, {
      ...limits,
      onBlock: (block) => {
        blocks++
        bytes += block.byteLength
        onProgress?.({ blocks, bytes })
      },
    })
    await weights?.finish()
    return { blocks, bytes }
  }

  const store: OpenContentStore = {
    retention,
    files: blockStore.files,
    has: local.has,
    get: local.get,
    async put(cid, block) {
      await local.put(cid, block)
      if (running) await exchange?.announce(cid)
    },
    delete: local.delete,
    fetch,
    unansweredBy: unanswered.count,
    start() {
      starting ??= (async () => {
        await count()
        await exchange?.start()
        running = true
      })()
      return starting
    },
    stop() {
      stopping ??= (async () => {
        await starting?.catch(() => {})
        running = false
        if (starting !== undefined) await exchange?.stop()
        await blockStore[Symbol.asyncDispose]()
      })()
      return stopping
    },
    [Symbol.asyncDispose]: () => store.stop(),
  }
  return store
}

/** The peer id at the end of a multiaddr. */
function peerOf(address: string): string | undefined {
  try {
    return multiaddr(address)
      .getComponents()
      .findLast(({ name }) => name === 'p2p')?.value
  } catch {
    return undefined
  }
}
