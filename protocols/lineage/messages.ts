import {
  bytes,
  cid,
  directoryCid,
  fileCid,
  list,
  mapOf,
  nullable,
  oneOf,
  optional,
  record,
  text,
  uint,
} from '../wire/fields.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_COMMITTEE,
  MAX_CONTRIBUTION_BYTES,
  MAX_CONTRIBUTIONS,
  MAX_LINEAGE_BYTES,
  MAX_LIST_BYTES,
  MAX_LISTED,
  MAX_RATIFICATION_BYTES,
} from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'

/** Why a listed contribution is not an input. Closed: a new reason is a new major version. */
export const EXCLUSION_REASONS = [
  'parent', // trained from a base that is not admissible in the round
  'replay', // a checkpoint that is a base's or an input's of the last rounds
  'author', // another one by the same author was listed more often
  'copy', // another one with the same checkpoint was listed more often
  'no-change', // the base's own weights, or its parent's
  'lottery', // more than maxContributions
] as const

const contributionEnvelope = () => bytes({ atMost: MAX_CONTRIBUTION_BYTES + ENVELOPE_OVERHEAD_BYTES })

/** `lineage.cbor` in a base's directory: where the base comes from, with everything needed to check it. */
export const lineage = declareObject({
  kind: 'lineage/1',
  maxBytes: MAX_LINEAGE_BYTES,
  fields: {
    network: cid('dag-cbor'),
    round: uint({ min: 1 }),
    parent: directoryCid(),
    parentCertificate: nullable(bytes({ atMost: MAX_CERTIFICATE_BYTES })),
    lists: list(bytes({ atMost: MAX_LIST_BYTES + ENVELOPE_OVERHEAD_BYTES }), { max: MAX_COMMITTEE }),
    inputs: list(contributionEnvelope(), { max: MAX_CONTRIBUTIONS }),
    excluded: list(record({ envelope: contributionEnvelope(), reason: oneOf(...EXCLUSION_REASONS) }), {
      max: MAX_LISTED * MAX_COMMITTEE,
    }),
    fusion: record({
      rule: text({ minBytes: 1, maxBytes: 32 }),
      params: mapOf(uint(), { max: 8 }),
      factors: optional(list(uint({ max: 65_536 }), { max: MAX_CONTRIBUTIONS })),
      norms: optional(list(bytes({ exactly: 8 }), { max: MAX_CONTRIBUTIONS })),
    }),
    weights: fileCid(),
    amendment: optional(bytes({ atMost: MAX_RATIFICATION_BYTES })),
  },
})

export type Lineage = MessageOf<typeof lineage>
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number]
