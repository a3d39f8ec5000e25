import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import type { Converted } from '../../adapters/blocks/old-layout.ts'
import { openBlockStore } from '../../adapters/blocks/open-block-store.ts'
import type { ChangedLink } from '../../adapters/blocks/shelving.ts'
import { blockstoreView } from '../../adapters/helia/blockstore-view.ts'
import { DEFAULT_BLOCK_DEADLINE_MS, DEFAULT_PROVIDER_DIAL_MS } from '../../adapters/helia/limits.ts'
import { createUnanswered } from '../../adapters/helia/unanswered.ts'
import type { ByteStreams } from '../../adapters/libp2p/byte-streams.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Mesh } from '../../ports/mesh.ts'
import type { Retention } from '../../ports/retention.ts'
import type { Log } from '../../ports/system.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import { createFetch } from './fetch-content.ts'
import type { GatewaySettings } from './gateway-exchange.ts'
import { kuboPlaceOf } from './kubo-place.ts'
import { openKuboStore } from './kubo-store.ts'

export interface ContentStoreOptions {
  /** Where blocks are kept; null keeps them in memory. */
  readonly dir: string | null
  /** `kubo:ADDRESS` of a Kubo node that keeps them from now on instead of the folder, which remembers it. */
  readonly ipfs?: string | undefined
  /** The node to exchange blocks over; null works with what is here. */
  readonly node: { readonly libp2p: Libp2p; readonly mesh: Mesh; readonly byteStreams: ByteStreams } | null
  readonly log: Log
  /** Bytes that the folder may take of the disk; undefined for as much as there is. */
  readonly diskBudget?: number | undefined
  /** Changes nothing in the folder: whoever does not hold the lock of the data directory. */
  readonly onlyReads?: boolean
  /** How long one peer may take for one block before another is asked. */
  readonly blockDeadlineMs?: number
  readonly broadcastMs?: number
  /** Also serve and fetch by HTTP, over streams and where this says; null: by bitswap alone. */
  readonly gateway?: GatewaySettings | null
  /** Whether what is under a root is waited for in the current round: it is served first. */
  readonly isUrgent?: (root: CID) => boolean
}

export interface OpenContentStore extends ContentStore, AsyncDisposable {
  readonly retention: Retention
  readonly files: WeightFiles
  /** What was taken over from an older layout when it was opened; null when there was nothing. */
  readonly converted: Converted | null
  /** Looks at files that were imported where they are: those that were changed or removed since. */
  changedLinks(): Promise<readonly ChangedLink[]>
  /** Questions for blocks that a peer left unanswered since it last gave one. */
  unansweredBy(peer: string): number
  /** Where plain HTTP serves what is here; null where it does not. */
  readonly gateway: string | null
  /** Begins to serve them to others and to fetch from them; the node should be started before. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** @throws ColdmeshError `refused` */
export async function createContentStore(options: ContentStoreOptions): Promise<OpenContentStore> {
  const { dir, node, log, blockDeadlineMs = DEFAULT_BLOCK_DEADLINE_MS } = options
  const unanswered = createUnanswered()
  const kubo = dir === null ? null : await kuboPlaceOf(dir, options.ipfs)
  const room = { diskBudget: options.diskBudget, onlyReads: options.onlyReads ?? false }
  const blockStore = await (dir === null || kubo === null ? openBlockStore(dir, room) : openKuboStore(dir, kubo, room))
  const { local, retention, noteServed, count, converted } = blockStore
  for (const { root, path } of await blockStore.changedLinks()) log.warn('linked-file-changed', { root, path })
  if (converted !== null) log.info('store-converted', { ...converted })
  // Helia and libp2p bring a thousand modules: what works with the disk alone starts in half the time.
  const network = node === null ? null : await loadNetwork()
  const exchange = node === null ? undefined : network?.createExchange(node.libp2p, blockstoreView(local, noteServed))
  const connected = (): string[] => node?.mesh.peers().map(({ id }) => id) ?? []
  const source =
    node === null || network === null || exchange === undefined
      ? undefined
      : network.createBlockSource({
          helia: exchange.helia,
          libp2p: node.libp2p,
          connected,
          unanswered,
          log,
          ...(options.broadcastMs === undefined ? {} : { broadcastMs: options.broadcastMs }),
        })
  const web =
    node === null || network === null || options.gateway === null
      ? undefined
      : network.createGatewayExchange({
          streams: node.byteStreams,
          self: node.mesh.self,
          blocks: {
            has: local.has,
            async get(cid) {
              const block = await local.get(cid)
              noteServed(cid, block)
              return block
            },
          },
          files: blockStore.files,
          settings: options.gateway ?? { listen: [] },
          isUrgent: options.isUrgent ?? (() => false),
          log: log.child('gateway'),
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

  const fetch = createFetch({
    ...{ local, retention, source, web, unanswered, blockDeadlineMs, connected },
    files: blockStore.files,
    dial: dialProviders,
    isRunning: () => running,
  })

  const store: OpenContentStore = {
    retention,
    files: blockStore.files,
    converted,
    changedLinks: blockStore.changedLinks,
    has: local.has,
    get: local.get,
    async put(cid, block) {
      await local.put(cid, block)
      if (running) await exchange?.announce(cid)
    },
    delete: local.delete,
    fetch,
    unansweredBy: unanswered.count,
    get gateway() {
      return web?.url ?? null
    },
    start() {
      starting ??= (async () => {
        await count()
        await exchange?.start()
        await web?.start()
        running = true
      })()
      return starting
    },
    stop() {
      stopping ??= (async () => {
        await starting?.catch(() => {})
        running = false
        await web?.stop()
        if (starting !== undefined) await exchange?.stop()
        await blockStore[Symbol.asyncDispose]()
      })()
      return stopping
    },
    [Symbol.asyncDispose]: () => store.stop(),
  }
  return store
}

async function loadNetwork() {
  const [{ createExchange }, { createBlockSource }, { createGatewayExchange }] = await Promise.all([
    import('../../adapters/helia/bitswap.ts'),
    import('../../adapters/helia/block-source.ts'),
    import('./gateway-exchange.ts'),
  ])
  return { createExchange, createBlockSource, createGatewayExchange }
}
