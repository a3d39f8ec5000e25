const MAX_REMEMBERED = 1024

/** Peers that let questions for a block pass without an answer, over all fetches: they are asked last. */
export interface Unanswered {
  /** Questions since the last answer. */
  count(peer: string): number
  add(peer: string): void
  /** It gave a block: all is well again. */
  clear(peer: string): void
}

export function createUnanswered(): Unanswered {
  const counts = new Map<string, number>()
  const count = (peer: string): number => counts.get(peer) ?? 0
  return {
    count,
    add(peer) {
      const next = count(peer) + 1
      counts.delete(peer)
      counts.set(peer, next)
      const [oldest] = counts.keys()
      if (counts.size > MAX_REMEMBERED && oldest !== undefined) counts.delete(oldest)
    },
    clear: (peer) => void counts.delete(peer),
  }
}
