/** A snapshot takes at most this share of the time: a large model is saved less often. */
const MAX_SHARE = 0.05

/** Says when the next snapshot is due. `everyMs` 0: after each step. */
export interface SnapshotClock {
  isDue(): boolean
  /** Does `work`, and counts from its end. */
  time<T>(work: () => Promise<T>): Promise<T>
}

export function createSnapshotClock({ everyMs, now }: { everyMs: number; now: () => number }): SnapshotClock {
  let due = now() + everyMs
  return {
    isDue: () => now() >= due,
    async time(work) {
      const from = now()
      const result = await work()
      const to = now()
      if (everyMs > 0) due = to + Math.max(everyMs, (to - from) / MAX_SHARE)
      return result
    },
  }
}
