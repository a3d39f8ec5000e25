import type { Helia } from '@helia/interface'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Log } from '../../ports/system.ts'
import { cancelWant } from './cancel-want.ts'
import { DEFAULT_BLOCKS_PER_PEER, DEFAULT_BROADCAST_MS, DEFAULT_REMEMBERED_WANTS } from './limits.ts'
import type { PeerOrder } from './peer-order.ts'
import type { Unanswered } from './unanswered.ts'

export interface BlockSource {
  /**
   * Asks one peer after another until one gives the block; it is verified and stored. Ends by the signal only.
   * @param within.blockDeadlineMs how long each may take, the first time round
   */
  fetch(
    cid: CID,
    order: PeerOrder,
    within: { readonly blockDeadlineMs: number; readonly signal: AbortSignal },
  ): Promise<Uint8Array>
}

export interface BlockSourceOptions {
  readonly helia: Helia
  readonly libp2p: Libp2p
  readonly connected: () => readonly string[]
  readonly unanswered: Unanswered
  readonly log: Log
  readonly broadcastMs?: number
}

/**
 * Bitswap as we want it: one peer at a time (asking all at once makes each of them send the same megabyte), a deadline
 * for each block (a library session lets one slow peer hold it for ever), and a broadcast only when all have failed.
 */
export function createBlockSource(options: BlockSourceOptions): BlockSource {
  const { helia, libp2p, connected, unanswered, log, broadcastMs = DEFAULT_BROADCAST_MS } = options
  const busy = new Map<string, number>()
  const askedBefore = createRecent(DEFAULT_REMEMBERED_WANTS)

  const ask = async (cid: CID, peer: string, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> => {
    busy.set(peer, (busy.get(peer) ?? 0) + 1)
    const tooLate = AbortSignal.timeout(timeoutMs)
    const within = AbortSignal.any([signal, tooLate])
    // A session of one peer and one block: the library evicts a peer from its session at the first failure.
    const session = helia.blockstore.createSession(cid, {
      providers: [peerIdFromString(peer).toCID()],
      minProviders: 1,
      maxProviders: 1,
    })
    try {
      if (askedBefore(`${peer} ${cid}`)) await cancelWant(libp2p, peer, cid, within)
      const block = await wholeOf(session.get(cid, { signal: within }))
      unanswered.clear(peer)
      return block
    } catch (error) {
      if (tooLate.aborted && !signal.aborted) unanswered.add(peer)
      throw error
    } finally {
      session.close()
      busy.set(peer, (busy.get(peer) ?? 1) - 1)
    }
  }

  const broadcast = async (cid: CID, signal: AbortSignal): Promise<Uint8Array> => {
    return await wholeOf(
      helia.blockstore.get(cid, { signal: AbortSignal.any([signal, AbortSignal.timeout(broadcastMs)]) }),
    )
  }

  /** The best peer not asked in this pass, one with a free place if there is any. */
  const choose = (order: PeerOrder, asked: ReadonlySet<string>): string | undefined => {
    const left = order.list(connected()).filter((peer) => !asked.has(peer))
    return left.find((peer) => (busy.get(peer) ?? 0) < DEFAULT_BLOCKS_PER_PEER) ?? left[0]
  }

  return {
    async fetch(cid, order, { blockDeadlineMs, signal }) {
      for (let timeoutMs = blockDeadlineMs; ; timeoutMs *= 2) {
        const asked = new Set<string>()
        for (let peer = choose(order, asked); peer !== undefined; peer = choose(order, asked)) {
          asked.add(peer)
          try {
            const block = await ask(cid, peer, timeoutMs, signal)
            order.succeeded(peer)
            return block
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

/** Whether a key came before, among the last `size` different ones. */
function createRecent(size: number): (key: string) => boolean {
  const keys = new Set<string>()
  return (key) => {
    const before = keys.delete(key)
    keys.add(key)
    const [oldest] = keys
    if (keys.size > size && oldest !== undefined) keys.delete(oldest)
    return before
  }
}

async function wholeOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}
