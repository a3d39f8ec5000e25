export interface PeerOrder {
  /** Connected peers, best first: the wanted ones in their order, then the others; those that failed come last. */
  list(connected: readonly string[]): string[]
  failed(peer: string): void
  succeeded(peer: string): void
}

/** Whom to ask, for one fetch. `preferred`: peer ids that should have the content. */
export function createPeerOrder(preferred: readonly string[]): PeerOrder {
  const failures = new Map<string, number>()
  const rank = new Map(preferred.map((peer, i) => [peer, i]))
  const rankOf = (peer: string): number => rank.get(peer) ?? preferred.length
  const failuresOf = (peer: string): number => failures.get(peer) ?? 0
  return {
    list: (connected) =>
      connected.toSorted((a, b) => Math.sign(failuresOf(a)) - Math.sign(failuresOf(b)) || rankOf(a) - rankOf(b)),
    failed: (peer) => void failures.set(peer, failuresOf(peer) + 1),
    succeeded: (peer) => void failures.delete(peer),
  }
}
