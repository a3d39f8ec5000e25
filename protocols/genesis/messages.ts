import { bytes, cid, directoryCid, list, nullable, oneOf, record, text, uint } from '../wire/fields.ts'
import { MAX_COMMITTEE, MAX_GENESIS_BYTES } from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'
import { contributorsOf, fusionTerms, gate, member, quorumKind, ROUND_POLICY_FIELDS } from '../wire/terms.ts'

/** How README.md of a base may be written: docs/fusion.md. `card/2` is none: a frozen vector refuses it. */
export const CARDS = ['card/1', 'card/3'] as const

/** How a round runs. Times in milliseconds, of each peer's own monotonic clock. */
export const roundPolicy = record(ROUND_POLICY_FIELDS)

/** The content-addressed beginning of a network; its CID is the network's id. Unsigned. */
export const genesis = declareObject({
  kind: 'genesis/1',
  maxBytes: MAX_GENESIS_BYTES,
  fields: {
    name: text({ minBytes: 1, maxBytes: 64 }),
    base: directoryCid(),
    header: bytes({ exactly: 32 }),
    bytes: uint({ min: 8 }),
    card: oneOf(...CARDS),
    fusion: fusionTerms,
    round: roundPolicy,
    committee: list(member, { min: 1, max: MAX_COMMITTEE }),
    quorum: quorumKind,
    contributors: contributorsOf(1024),
    gate,
    forkOf: nullable(cid('dag-pb')),
  },
})

export type Genesis = MessageOf<typeof genesis>
