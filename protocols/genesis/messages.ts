import {
  billionths,
  bytes,
  cid,
  directoryCid,
  either,
  key,
  list,
  mapOf,
  nullable,
  oneOf,
  record,
  text,
  uint,
} from '../wire/fields.ts'
import { MAX_COMMITTEE, MAX_CONTRIBUTIONS, MAX_GENESIS_BYTES } from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'

const HOUR_MS = 3_600_000

/** How a round runs. Times in milliseconds, of each peer's own monotonic clock. */
export const roundPolicy = record({
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
})

/** The content-addressed beginning of a network; its CID is the network's id. Unsigned. */
export const genesis = declareObject({
  kind: 'genesis/1',
  maxBytes: MAX_GENESIS_BYTES,
  fields: {
    name: text({ minBytes: 1, maxBytes: 64 }),
    base: directoryCid(),
    header: bytes({ exactly: 32 }),
    bytes: uint({ min: 8 }),
    card: oneOf('card/1'),
    fusion: record({ rule: text({ minBytes: 1, maxBytes: 32 }), params: mapOf(uint(), { max: 8 }) }),
    round: roundPolicy,
    committee: list(record({ name: text({ minBytes: 1, maxBytes: 64 }), key: key() }), { min: 1, max: MAX_COMMITTEE }),
    quorum: oneOf('byzantine', 'crash'),
    contributors: either(oneOf('open', 'vouched'), list(key(), { min: 1, max: 1024 })),
    gate: nullable(record({ maxDrop: billionths() })),
    forkOf: nullable(cid('dag-pb')),
  },
})

export type Genesis = MessageOf<typeof genesis>
