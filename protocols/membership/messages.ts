import {
  bytes,
  cid,
  directoryCid,
  key,
  list,
  messageId,
  nullable,
  optional,
  record,
  text,
  uint,
} from '../wire/fields.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  KIBIBYTE,
  MAX_AMENDMENT_BYTES,
  MAX_APPROVAL_BYTES,
  MAX_COMMITTEE,
  MAX_RATIFICATION_BYTES,
  MAX_VOUCHER_ENVELOPE_BYTES,
} from '../wire/limits.ts'
import { declareMessage, declareObject, type MessageOf } from '../wire/message.ts'
import { contributorsOf, fusionTerms, gate, member, ROUND_POLICY_FIELDS as POLICY, quorumKind } from '../wire/terms.ts'

export const MAX_INVITE_ADDRESSES = 16
/** Longest time that one voucher holds: a forgotten one ends. */
export const MAX_VOUCHER_ROUNDS = 10_000

const inviteFields = {
  network: cid('dag-cbor'),
  addresses: list(text({ minBytes: 1, maxBytes: 200 }), { max: MAX_INVITE_ADDRESSES }),
}

/** What one person passes to another: which network, and where somebody of it can be reached. */
export const invite = declareObject({ kind: 'invite/1', maxBytes: 4 * KIBIBYTE, fields: inviteFields })

/** An invite for one peer, with the envelope of the voucher that lets it contribute. */
export const invite2 = declareObject({
  kind: 'invite/2',
  maxBytes: 4 * KIBIBYTE,
  fields: { ...inviteFields, voucher: bytes({ atMost: MAX_VOUCHER_ENVELOPE_BYTES }) },
})

/** A member's word that a key may contribute, in rounds `from` to `until`, both included. */
export const voucher = declareMessage({
  kind: 'voucher/1',
  maxBytes: MAX_VOUCHER_ENVELOPE_BYTES - ENVELOPE_OVERHEAD_BYTES,
  fields: { contributor: key(), from: uint({ min: 1 }), until: uint({ min: 1 }) },
})

/** Contributors that one amendment can name; networks with more use vouchers. */
const MAX_NAMED_CONTRIBUTORS = 128

const change = record({
  add: optional(list(member, { min: 1, max: MAX_COMMITTEE })),
  remove: optional(list(key(), { min: 1, max: MAX_COMMITTEE })),
  quorum: optional(quorumKind),
  contributors: optional(contributorsOf(MAX_NAMED_CONTRIBUTORS)),
  round: optional(
    record({
      minContributions: optional(POLICY.minContributions),
      maxContributions: optional(POLICY.maxContributions),
      collectMs: optional(POLICY.collectMs),
      graceMs: optional(POLICY.graceMs),
      viewTimeoutMs: optional(POLICY.viewTimeoutMs),
      minBytesPerSecond: optional(POLICY.minBytesPerSecond),
      maxViews: optional(POLICY.maxViews),
      keepRounds: optional(POLICY.keepRounds),
      historyRounds: optional(POLICY.historyRounds),
      maxStaleness: optional(POLICY.maxStaleness),
    }),
  ),
  gate: optional(gate),
  fusion: optional(fusionTerms),
  rollback: optional(record({ base: directoryCid() })),
})

/** A change of a network's terms, `previous` being the last one that was embedded. Its id is what people compare. */
export const amendment = declareObject({
  kind: 'amendment/1',
  maxBytes: MAX_AMENDMENT_BYTES,
  fields: { network: cid('dag-cbor'), previous: nullable(messageId()), change },
})

/** A member's consent to an amendment, whose bytes it carries; the first one proposes it. */
export const approval = declareMessage({
  kind: 'approval/1',
  maxBytes: MAX_APPROVAL_BYTES,
  fields: { amendment: bytes({ atMost: MAX_AMENDMENT_BYTES }) },
})

/** An amendment with the approvals of exactly a quorum, by author: what a lineage embeds. */
export const ratification = declareObject({
  kind: 'ratification/1',
  maxBytes: MAX_RATIFICATION_BYTES,
  fields: {
    amendment: bytes({ atMost: MAX_AMENDMENT_BYTES }),
    signatures: list(record({ author: key(), signature: bytes({ exactly: 64 }) }), { min: 1, max: MAX_COMMITTEE }),
  },
})

export type Voucher = MessageOf<typeof voucher>
export type Amendment = MessageOf<typeof amendment>
export type Approval = MessageOf<typeof approval>
export type Ratification = MessageOf<typeof ratification>
