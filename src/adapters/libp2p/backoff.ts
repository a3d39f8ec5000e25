export interface Backoff {
  /** True when this key may be tried at `nowMs`. */
  isDue(key: string, nowMs: number): boolean
  /** Remembers a failure: the next try comes twice as late as the last, give or take a quarter. */
  failed(key: string, nowMs: number): void
  succeeded(key: string): void
  /** When the first of these keys is due; Infinity for none. */
  nextDueMs(keys: Iterable<string>): number
}

export interface BackoffOptions {
  readonly firstMs: number
  readonly lastMs: number
  /** 0 ≤ x < 1. Spreads the retries of peers that lost the same peer at the same moment. */
  readonly random: () => number
}

export function createBackoff(options: BackoffOptions): Backoff {
  const { firstMs, lastMs, random } = options
  const failures = new Map<string, { count: number; dueMs: number }>()
  return {
    isDue: (key, nowMs) => (failures.get(key)?.dueMs ?? 0) <= nowMs,
    failed(key, nowMs) {
      const count = (failures.get(key)?.count ?? 0) + 1
      const delayMs = Math.min(lastMs, firstMs * 2 ** (count - 1))
      failures.set(key, { count, dueMs: nowMs + delayMs * (0.75 + random() / 2) })
    },
    succeeded: (key) => void failures.delete(key),
    nextDueMs(keys) {
      let next = Number.POSITIVE_INFINITY
      for (const key of keys) next = Math.min(next, failures.get(key)?.dueMs ?? 0)
      return next
    },
  }
}
