export interface TokenBuckets {
  /** Takes one token of `key`; false when it has none left. */
  take(key: string): boolean
}

export interface TokenBucketOptions {
  readonly perSecond: number
  readonly burst: number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Beyond this many keys, buckets that are full again are forgotten: a new one starts full too. */
const MAX_KEYS = 1024

/** One bucket per key, filled at a steady rate up to `burst`. It outlives a connection: coming back fills nothing. */
export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { perSecond, burst, now } = options
  const buckets = new Map<string, { tokens: number; at: number }>()
  const forgetFull = (nowMs: number): void => {
    for (const [key, { tokens, at }] of buckets) {
      if (tokens + ((nowMs - at) * perSecond) / 1000 >= burst) buckets.delete(key)
    }
  }
  return {
    take(key) {
      const at = now()
      const bucket = buckets.get(key) ?? { tokens: burst, at }
      const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) * perSecond) / 1000)
      const granted = tokens >= 1
      buckets.set(key, { tokens: granted ? tokens - 1 : tokens, at })
      if (buckets.size > MAX_KEYS) forgetFull(at)
      return granted
    },
  }
}
