/** First pause after an answer that is wrong; doubled each time. */
const FIRST_PAUSE_MS = 60_000
const LAST_PAUSE_MS = 60 * 60_000
/** Peers come and go; who is forgotten is heard again. */
const MAX_KNOWN = 256

interface Neighbour {
  round: number
  failures: number
  notBefore: number
}

/** What neighbours say their heads are, and whom of them to ask first. A head is a hint: nothing is believed but what follows, round by round. */
export interface Neighbours {
  hear(peer: string, round: number): void
  /** The round that a peer says it is at. */
  roundOf(peer: string): number
  /** Connected ones that say they are beyond `round`, who failed least first. */
  ahead(connected: readonly string[], round: number, now: number): readonly string[]
  gave(peer: string): void
  /** @param isWrong its answer was wrong, not just missing: it is left alone for a while */
  failed(peer: string, isWrong: boolean, now: number): void
}

export function createNeighbours(): Neighbours {
  const known = new Map<string, Neighbour>()
  const of = (peer: string): Neighbour => known.get(peer) ?? { round: 0, failures: 0, notBefore: 0 }

  function note(peer: string, change: Partial<Neighbour>): void {
    const before = of(peer)
    known.delete(peer)
    known.set(peer, { ...before, ...change })
    const [oldest] = known.keys()
    if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
  }

  return {
    hear: (peer, round) => note(peer, { round }),
    roundOf: (peer) => of(peer).round,
    ahead: (connected, round, now) =>
      connected
        .filter((peer) => of(peer).round > round && of(peer).notBefore <= now)
        .sort((a, b) => of(a).failures - of(b).failures),
    gave: (peer) => note(peer, { failures: 0, notBefore: 0 }),
    failed: (peer, isWrong, now) => {
      const failures = of(peer).failures + 1
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LAST_PAUSE_MS)
      note(peer, { failures, ...(isWrong ? { notBefore: now + pauseMs } : {}) })
    },
  }
}
