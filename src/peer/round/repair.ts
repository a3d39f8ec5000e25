import { toHex } from '../../../protocols/wire/bytes.ts'
import type { RoundState } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import type { OpenWait } from '../waits.ts'
import type { RoundLoop } from './loop.ts'

/** How often one connected peer is asked what we lack. */
const EVERY_MS = 5_000
/** Nobody to ask for so long: what we have is the newest we know. */
const ALONE_MS = 10_000

/** Sync with neighbours, one after the other: gossip promises no delivery. */
export interface Repair {
  /** True once one neighbour was asked for its head, or there was none to ask. */
  readonly isSynced: boolean
  readonly synced: Promise<void>
  start(): void
  stop(): void
}

/** @param afterwards asks the same neighbour for what no round waits for; does not throw */
export function createRepair(
  context: PeerContext,
  loop: Pick<RoundLoop, 'syncWith'> & { readonly state: Pick<RoundState, 'network'> },
  afterwards: (peer: string) => Promise<void>,
): Repair {
  const { mesh, clock, log, waits } = context
  const toBeSynced = waits.begin({ what: 'sync', which: 'the head of anybody', until: null, isRoutine: true })
  let alone: OpenWait | null = null
  let turn = 0
  let isSynced = false
  let markSynced: () => void = () => {}
  const synced = new Promise<void>((resolve) => {
    markSynced = () => {
      isSynced = true
      toBeSynced.end()
      resolve()
    }
  })
  const busy = new Set<string>()
  const cancels = new Set<() => void>()

  async function syncWith(peer: string): Promise<void> {
    if (busy.has(peer) || context.signal.aborted) return
    busy.add(peer)
    try {
      await loop.syncWith(peer)
      markSynced()
      const exchange = { what: 'exchange', which: 'evidence and reports', whom: [peer], isRoutine: true }
      await waits.during(exchange, () => afterwards(peer))
    } catch (error) {
      log.error('sync-crashed', { peer, error: String(error) })
    } finally {
      busy.delete(peer)
    }
  }

  function later(delayMs: number, work: () => void): void {
    const cancel = clock.after(delayMs, () => {
      cancels.delete(cancel)
      work()
    })
    cancels.add(cancel)
  }

  function tick(): void {
    const peers = mesh.peers()
    const peer = peers[turn++ % Math.max(1, peers.length)]
    if (peer) void syncWith(peer.id)
    later(EVERY_MS, tick)
  }

  /** A peer that nobody is connected to waits for somebody: addresses are dialled again and again. */
  function watchPeers(): void {
    if (mesh.peers().length > 0) {
      alone?.end()
      alone = null
      return
    }
    const self = toHex(context.key)
    const { members, nameOf } = loop.state.network
    const whom = members.filter((key) => toHex(key) !== self).map(nameOf)
    alone ??= waits.begin({ what: 'peers', which: 'anybody of the network', whom, next: mesh.nextDial })
  }

  const unwatch = mesh.onChange(({ peer, connected }) => {
    watchPeers()
    if (connected) void syncWith(peer)
  })

  return {
    get isSynced() {
      return isSynced
    },
    synced,
    start: () => {
      watchPeers()
      // Who was there before the first round began is asked at once, like those who come.
      for (const { id } of mesh.peers()) void syncWith(id)
      later(EVERY_MS, tick)
      toBeSynced.change({ until: clock.now() + ALONE_MS })
      later(ALONE_MS, markSynced)
    },
    stop: () => {
      unwatch()
      for (const cancel of cancels) cancel()
      cancels.clear()
      alone?.end()
      markSynced()
    },
  }
}
