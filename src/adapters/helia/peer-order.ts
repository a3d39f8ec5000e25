export interface PeerOrder {
  /**
   * Connected peers, best first: the wanted ones in their order, then the others; before the last come those that leave
   * questions unanswered, last those that failed in this fetch.
   */
  list(connected: readonly string[]): string[]
  failed(peer: string): void
  succeeded(peer: string): void
}

/**
 * Whom to ask, for one fetch.
 * @param preferred peer ids that should have the content
 * @param unansweredBy questions that a peer left unanswered, in any fetch
 */
export function createPeerOrder(
  preferred: readonly string[],
  unansweredBy: (peer: string) => number = () => 0,
): PeerOrder {
  const failures = new Map<string, number>()
  const rank = new Map(preferred.map((peer, i) => [peer, i]))
  const rankOf = (peer: string): number => rank.get(peer) ?? preferred.length
  const failuresOf = (peer: string): number => failures.get(peer) ?? 0
  const isSlow = (peer: string): number => Math.sign(unansweredBy(peer))
  return {
    list: (connected) =>
      connected.toSorted(
        (a, b) => Math.sign(failuresOf(a)) - Math.sign(failuresOf(b)) || isSlow(a) - isSlow(b) || rankOf(a) - rankOf(b),
      ),
    failed: (peer) => void failures.set(peer, failuresOf(peer) + 1),
    succeeded: (peer) => void failures.delete(peer),
  }
}
