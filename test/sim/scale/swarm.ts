import { createRandom } from '../../support/rounds/random.ts'
import { createTransfers, evenLinks } from './transfers.ts'

/** A base is handed on in so many parts, each as soon as it is there. */
const PARTS = 16
/** Connections of a peer: more than it dials (4), fewer than it bears (128). */
export const NEIGHBOURS = 16

/** `file`: everybody from the first leaf to the last, as src/adapters/helia/walk.ts does. `own`: what others lack first. */
export type PartOrder = 'file' | 'own'

/** In units of one base, and of one base over one link. */
export interface Swarmed {
  /** When the last peer had it all, and when half of them had. */
  readonly time: number
  readonly halfTime: number
  readonly holderSent: number
  readonly peerSent: { readonly mean: number; readonly most: number }
}

/** Everybody downloads what a few hold, from neighbours that have it, and gives on what it has. */
export function swarm(options: {
  readonly holders: number
  readonly peers: number
  readonly order: PartOrder
  readonly seed?: number
}): Swarmed {
  const { holders, peers, order, seed = 1 } = options
  const all = holders + peers
  const random = createRandom(seed)
  // Less than a percent of the time that so many take.
  const grain = all > 2000 ? 0.05 : all > 200 ? 0.01 : 0
  const transfers = createTransfers(evenLinks(all, 1), grain)
  const neighbours = connect(all)
  const state = Array.from({ length: all }, (_, peer) => ({
    has: new Uint8Array(PARTS).fill(peer < holders ? 1 : 0),
    asked: new Uint8Array(PARTS),
    fetching: 0,
    missing: peer < holders ? 0 : PARTS,
  }))
  const finishedAt: number[] = []
  const parallel = order === 'file' ? 1 : 2

  /** A ring, so that all are connected, and chance. */
  function connect(count: number): readonly (readonly number[])[] {
    const links = Array.from({ length: count }, () => new Set<number>())
    const link = (a: number, b: number) => {
      if (a === b) return
      links[a]?.add(b)
      links[b]?.add(a)
    }
    const ring = random.shuffle(Array.from({ length: count }, (_, i) => i))
    for (const [i, peer] of ring.entries()) {
      link(peer, ring[(i + 1) % count] ?? 0)
      for (let n = 1; n < Math.min(NEIGHBOURS / 2, count / 2); n++) link(peer, random.integer(0, count - 1))
    }
    return links.map((set) => [...set])
  }

  /** The least busy neighbour that has a part; -1 when none has. */
  function holderOf(part: number, peer: number): number {
    let best = -1
    for (const other of neighbours[peer] ?? []) {
      if (state[other]?.has[part] !== 1) continue
      if (best < 0 || (transfers.sending[other] ?? 0) < (transfers.sending[best] ?? 0)) best = other
    }
    return best
  }

  function fetchMore(peer: number): void {
    const mine = state[peer]
    if (!mine) return
    const first = order === 'file' ? 0 : random.integer(0, PARTS - 1)
    for (let i = 0; i < PARTS && mine.fetching < parallel; i++) {
      const part = (first + i) % PARTS
      if (mine.has[part] === 1 || mine.asked[part] === 1) continue
      const from = holderOf(part, peer)
      if (from >= 0) fetch(peer, part, from)
      else if (order === 'file') return
    }
  }

  function fetch(peer: number, part: number, from: number): void {
    const mine = state[peer]
    if (!mine) return
    mine.asked[part] = 1
    mine.fetching++
    transfers.start(from, peer, 1 / PARTS, () => {
      mine.has[part] = 1
      mine.fetching--
      mine.missing--
      if (mine.missing === 0) finishedAt.push(transfers.now)
      fetchMore(peer)
      for (const other of neighbours[peer] ?? []) if ((state[other]?.fetching ?? parallel) < parallel) fetchMore(other)
    })
  }

  for (let peer = holders; peer < all; peer++) fetchMore(peer)
  transfers.run()
  if (finishedAt.length !== peers) throw new Error('a peer never got it all')
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const byPeers = transfers.sent.subarray(holders)
  return {
    time: transfers.now,
    halfTime: finishedAt[Math.floor(finishedAt.length / 2)] ?? transfers.now,
    holderSent: mean(transfers.sent.subarray(0, holders)),
    peerSent: { mean: mean(byPeers), most: Math.max(...byPeers) },
  }
}
