import { billionths, either, key, list, mapOf, nullable, oneOf, record, text, uint } from './fields.ts'
import { MAX_CONTRIBUTIONS } from './limits.ts'

/** The terms of a network: what its genesis states first, and what amendments may change. */

const HOUR_MS = 3_600_000

/** Fields of how a round runs. Times in milliseconds, of each peer's own monotonic clock. */
export const ROUND_POLICY_FIELDS = {
  minContributions: uint({ min: 1, max: MAX_CONTRIBUTIONS }),
  maxContributions: uint({ min: 1, max: MAX_CONTRIBUTIONS }),
  collectMs: uint({ max: 24 * 30 * HOUR_MS }),
  graceMs: uint({ max: 24 * HOUR_MS }),
  viewTimeoutMs: uint({ min: 100, max: 24 * HOUR_MS }),
  minBytesPerSecond: uint({ min: 1 }),
  maxViews: uint({ min: 1, max: 1000 }),
  keepRounds: uint({ min: 1, max: 1_000_000 }),
  historyRounds: uint({ min: 1, max: 64 }),
  maxStaleness: uint({ max: 64 }),
} as const

export const member = record({ name: text({ minBytes: 1, maxBytes: 64 }), key: key() })

export const quorumKind = oneOf('byzantine', 'crash')

/** Who may contribute: anyone, whom a member vouches for, or these keys. */
export const contributorsOf = (max: number) => either(oneOf('open', 'vouched'), list(key(), { min: 1, max }))

export const gate = nullable(record({ maxDrop: billionths() }))

export const fusionTerms = record({ rule: text({ minBytes: 1, maxBytes: 32 }), params: mapOf(uint(), { max: 8 }) })
