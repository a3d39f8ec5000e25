import { type Bottleneck, type Flow, type Links, maxMinRates } from './max-min.ts'

/** Transfers that share links fairly, in virtual time. */
export interface Transfers {
  /** Seconds since the start. */
  readonly now: number
  /** Bytes that each peer sent and received. */
  readonly sent: Float64Array
  readonly received: Float64Array
  /** Transfers that each peer sends at this moment. */
  readonly sending: Int32Array
  /** Flow-seconds that each kind of link held back. */
  readonly heldBackBy: Readonly<Record<Bottleneck, number>>
  start(from: number, to: number, bytes: number, done: () => void): void
  /** Runs until nothing moves any more. */
  run(): void
}

interface Running extends Flow {
  left: number
  readonly done: () => void
}

/** @param grainSeconds what ends within this time of each other ends together; smaller is exacter and slower */
export function createTransfers(links: Links, grainSeconds = 0): Transfers {
  const peers = links.up.length
  let running: Running[] = []
  const heldBackBy = { up: 0, down: 0 }
  const transfers = {
    now: 0,
    sent: new Float64Array(peers),
    received: new Float64Array(peers),
    sending: new Int32Array(peers),
    heldBackBy,
    start(from: number, to: number, bytes: number, done: () => void): void {
      running.push({ from, to, left: bytes, done })
      transfers.sending[from] = (transfers.sending[from] ?? 0) + 1
      transfers.sent[from] = (transfers.sent[from] ?? 0) + bytes
      transfers.received[to] = (transfers.received[to] ?? 0) + bytes
    },
    run(): void {
      while (running.length > 0) step()
    },
  }

  function step(): void {
    const { rates, heldBy } = maxMinRates(running, links)
    let first = Number.POSITIVE_INFINITY
    for (const [i, { left }] of running.entries()) first = Math.min(first, left / (rates[i] ?? 0))
    const seconds = first + grainSeconds
    const ended: Running[] = []
    const going: Running[] = []
    for (const [i, flow] of running.entries()) {
      heldBackBy[heldBy[i] ?? 'up'] += seconds
      flow.left -= (rates[i] ?? 0) * seconds
      // What rounding leaves of a transfer that should be over.
      if (flow.left <= (rates[i] ?? 0) * first * 1e-9) ended.push(flow)
      else going.push(flow)
    }
    transfers.now += seconds
    running = going
    for (const { from } of ended) transfers.sending[from] = (transfers.sending[from] ?? 0) - 1
    for (const { done } of ended) done()
  }

  return transfers
}

/** Links of peers that are all alike. */
export function evenLinks(peers: number, bytesPerSecond: number): Links {
  return {
    up: new Float64Array(peers).fill(bytesPerSecond),
    down: new Float64Array(peers).fill(bytesPerSecond),
  }
}
