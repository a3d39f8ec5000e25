export interface TokenBuckets {
  /** Takes one token of `key`; false when it has none left. */
  take(key: string): boolean
  /** Takes `tokens` of `key`, on credit if need be. */
  spend(key: string, tokens: number): void
  /** Milliseconds until the credit of `key` is paid back; 0 when it has any. */
  debtMs(key: string): number
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
  const tokensOf = (key: string, at: number): number => {
    const bucket = buckets.get(key) ?? { tokens: burst, at }
    return Math.min(burst, bucket.tokens + ((at - bucket.at) * perSecond) / 1000)
  }
  const set = (key: string, tokens: number, at: number): void => {
    buckets.set(key, { tokens, at })
    if (buckets.size > MAX_KEYS) forgetFull(at)
  }
  return {
    take(key) {
      const at = now()
      const tokens = tokensOf(key, at)
      const granted = tokens >= 1
      set(key, granted ? tokens - 1 : tokens, at)
      return granted
    },
    spend(key, tokens) {
      const at = now()
      set(key, tokensOf(key, at) - tokens, at)
    },
    debtMs: (key) => Math.max(0, (-tokensOf(key, now()) * 1000) / perSecond),
  }
}
