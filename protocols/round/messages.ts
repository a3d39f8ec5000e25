import { bytes, cid, directoryCid, key, list, messageId, nullable, record, uint } from '../wire/fields.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_COMMITTEE,
  MAX_EVIDENCE_BYTES,
  MAX_LIST_BYTES,
  MAX_LISTED,
  MAX_LISTS_PER_ROUND,
  MAX_VOTE_BYTES,
} from '../wire/limits.ts'
import { declareMessage, declareObject, type MessageOf } from '../wire/message.ts'

const round = () => uint({ min: 1 })
const view = () => uint({ max: 1_000_000 })

/** A member's statement of the contributions that it holds completely and validated; ids in ascending order. */
export const inclusionList = declareMessage({
  kind: 'list/1',
  maxBytes: MAX_LIST_BYTES,
  fields: {
    round: round(),
    parent: directoryCid(),
    seq: uint({ max: MAX_LISTS_PER_ROUND - 1 }),
    contributions: list(messageId(), { max: MAX_LISTED }),
  },
})

/** An aggregator's next base. `validView` is the view whose prevotes carry it over, null for a fresh one. */
export const proposal = declareMessage({
  kind: 'proposal/1',
  maxBytes: MAX_VOTE_BYTES,
  fields: { round: round(), view: view(), validView: nullable(view()), lineage: cid('raw'), base: directoryCid() },
})

const vote = { round: round(), view: view(), base: nullable(directoryCid()) }

/** First step: my own fusion gives this base; null when I can't say so. */
export const prevote = declareMessage({ kind: 'prevote/1', maxBytes: MAX_VOTE_BYTES, fields: vote })

/** Second step: a quorum prevoted this base; null when none did. */
export const precommit = declareMessage({ kind: 'precommit/1', maxBytes: MAX_VOTE_BYTES, fields: vote })

/** Exactly a quorum of precommit signatures of distinct members, by author: makes a base final. */
export const certificate = declareObject({
  kind: 'certificate/1',
  maxBytes: MAX_CERTIFICATE_BYTES,
  fields: {
    network: cid('dag-cbor'),
    round: round(),
    view: view(),
    base: directoryCid(),
    signatures: list(record({ author: key(), signature: bytes({ exactly: 64 }) }), { min: 1, max: MAX_COMMITTEE }),
  },
})

const envelope = () => bytes({ atMost: MAX_LIST_BYTES + ENVELOPE_OVERHEAD_BYTES })

/** Two envelopes of one member that contradict each other, the one with the lower id first: proves itself, to anybody. */
export const evidence = declareObject({
  kind: 'evidence/1',
  maxBytes: MAX_EVIDENCE_BYTES,
  fields: { network: cid('dag-cbor'), first: envelope(), second: envelope() },
})

export type InclusionList = MessageOf<typeof inclusionList>
export type Proposal = MessageOf<typeof proposal>
export type Prevote = MessageOf<typeof prevote>
export type Precommit = MessageOf<typeof precommit>
export type Certificate = MessageOf<typeof certificate>
export type Evidence = MessageOf<typeof evidence>
