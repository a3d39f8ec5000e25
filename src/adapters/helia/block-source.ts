import type { Helia } from '@helia/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Log } from '../../ports/system.ts'
import { DEFAULT_BLOCK_DEADLINE_MS, DEFAULT_BLOCKS_PER_PEER, DEFAULT_BROADCAST_MS } from './limits.ts'
import type { PeerOrder } from './peer-order.ts'

export interface BlockSource {
  /** Asks one peer after another until one gives the block; then it is stored here. Ends by the signal only. */
  fetch(cid: CID, order: PeerOrder, signal: AbortSignal): Promise<void>
}

export interface BlockSourceOptions {
  readonly helia: Helia
  readonly connected: () => readonly string[]
  readonly log: Log
  readonly blockDeadlineMs?: number
  readonly broadcastMs?: number
}

/**
 * Bitswap as we want it: one peer at a time (asking all at once makes each of them send the same megabyte), a deadline
 * for each block (a library session lets one slow peer hold it for ever), and a broadcast only when all have failed.
 */
export function createBlockSource(options: BlockSourceOptions): BlockSource {
  const { helia, connected, log, blockDeadlineMs = DEFAULT_BLOCK_DEADLINE_MS } = options
  const { broadcastMs = DEFAULT_BROADCAST_MS } = options
  const busy = new Map<string, number>()

  const ask = async (cid: CID, peer: string, timeoutMs: number, signal: AbortSignal): Promise<void> => {
    busy.set(peer, (busy.get(peer) ?? 0) + 1)
    // A session of one peer and one block: the library evicts a peer from its session at the first failure.
    const session = helia.blockstore.createSession(cid, {
      providers: [peerIdFromString(peer).toCID()],
      minProviders: 1,
      maxProviders: 1,
    })
    try {
      await exhaust(session.get(cid, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }))
    } finally {
      session.close()
      busy.set(peer, (busy.get(peer) ?? 1) - 1)
    }
  }

  const broadcast = async (cid: CID, signal: AbortSignal): Promise<void> => {
    await exhaust(helia.blockstore.get(cid, { signal: AbortSignal.any([signal, AbortSignal.timeout(broadcastMs)]) }))
  }

  /** The best peer not asked in this pass, one with a free place if there is any. */
  const choose = (order: PeerOrder, asked: ReadonlySet<string>): string | undefined => {
    const left = order.list(connected()).filter((peer) => !asked.has(peer))
    return left.find((peer) => (busy.get(peer) ?? 0) < DEFAULT_BLOCKS_PER_PEER) ?? left[0]
  }

  return {
    async fetch(cid, order, signal) {
      for (let timeoutMs = blockDeadlineMs; ; timeoutMs *= 2) {
        const asked = new Set<string>()
        for (let peer = choose(order, asked); peer !== undefined; peer = choose(order, asked)) {
          asked.add(peer)
          try {
            await ask(cid, peer, timeoutMs, signal)
            order.succeeded(peer)
            return
          } catch (error) {
            signal.throwIfAborted()
            throwOurs(error)
            order.failed(peer)
            log.debug('block-not-given', { cid: cid.toString(), peer, error })
          }
        }
        try {
          return await broadcast(cid, signal)
        } catch (error) {
          signal.throwIfAborted()
          throwOurs(error)
        }
      }
    },
  }
}

/** A refusal of our own disk or limits is not the peer's failure: asking another would end the same way. */
function throwOurs(error: unknown): void {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ColdmeshError) throw cause
  }
}

async function exhaust(chunks: AsyncIterable<unknown> | Iterable<unknown>): Promise<void> {
  for await (const _ of chunks);
}
