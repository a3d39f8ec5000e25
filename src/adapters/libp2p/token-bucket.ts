export interface TokenBuckets {
  /** Takes one token of `key`; false when it has none left. */
  take(key: string): boolean
  forget(key: string): void
}

export interface TokenBucketOptions {
  readonly perSecond: number
  readonly burst: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** One bucket per key, filled at a steady rate up to `burst`. */
export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { perSecond, burst, now } = options
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take(key) {
      const at = now()
      const bucket = buckets.get(key) ?? { tokens: burst, at }
      const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) * perSecond) / 1000)
      const granted = tokens >= 1
      buckets.set(key, { tokens: granted ? tokens - 1 : tokens, at })
      return granted
    },
    forget: (key) => void buckets.delete(key),
  }
}
