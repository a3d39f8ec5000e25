import {
  bytes,
  cid,
  directoryCid,
  fileCid,
  key,
  list,
  messageId,
  nullable,
  oneOf,
  record,
  uint,
} from '../wire/fields.ts'
import {
  ENVELOPE_OVERHEAD_BYTES,
  MAX_APPROVAL_BYTES,
  MAX_CERTIFICATE_BYTES,
  MAX_EVIDENCE_BYTES,
  MAX_EVIDENCE_HELD,
  MAX_FRAME_BYTES,
  MAX_LINEAGE_BYTES,
  MAX_LIST_BYTES,
  MAX_REPORT_BYTES,
} from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'

export const SYNC_PROTOCOL = '/coldmesh/sync/1'
/** Most lineages of one answer, and most envelopes. */
export const MAX_PAGE = 64
export const MAX_HAVE = 1024
/** Most reports of one answer. */
export const MAX_REPORTS_PAGE = 256
/** Most pairs of one answer. */
export const MAX_EVIDENCE_PAGE = 64
/** Most approvals of one answer: those of the largest committee, all that its members can have open. */
export const MAX_APPROVALS_PAGE = 256

const network = () => cid('dag-cbor')

/** What is your head? Answered by one `sync-head/1`. */
export const syncHeadRequest = declareObject({
  kind: 'sync-head-request/1',
  maxBytes: 256,
  fields: { network: network() },
})

/** The newest certified base of the answerer; in round 0 the genesis' base without a certificate. */
export const syncHead = declareObject({
  kind: 'sync-head/1',
  maxBytes: MAX_CERTIFICATE_BYTES + 512,
  fields: {
    network: network(),
    round: uint(),
    base: directoryCid(),
    certificate: nullable(bytes({ atMost: MAX_CERTIFICATE_BYTES })),
  },
})

/** The certified bases of rounds `from` to `to`. Answered by `sync-base/1` frames, ascending, at most MAX_PAGE. */
export const syncBasesRequest = declareObject({
  kind: 'sync-bases-request/1',
  maxBytes: 256,
  fields: { network: network(), from: uint({ min: 1 }), to: uint({ min: 1 }) },
})

export const syncBase = declareObject({
  kind: 'sync-base/1',
  maxBytes: MAX_FRAME_BYTES,
  fields: {
    network: network(),
    round: uint({ min: 1 }),
    base: directoryCid(),
    lineage: bytes({ atMost: MAX_LINEAGE_BYTES }),
    certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }),
  },
})

/** What do you hold for this round that is not among `have`? Answered by `sync-envelope/1` frames. */
export const syncRoundRequest = declareObject({
  kind: 'sync-round-request/1',
  maxBytes: 64 * 1024,
  fields: { network: network(), round: uint({ min: 1 }), have: list(messageId(), { max: MAX_HAVE }) },
})

export const syncEnvelope = declareObject({
  kind: 'sync-envelope/1',
  maxBytes: MAX_LIST_BYTES + 512,
  fields: { topic: oneOf('contributions', 'votes'), envelope: bytes({ atMost: MAX_LIST_BYTES + 256 }) },
})

/** Which reports about the bases of rounds `from` to `to` do you hold that are not among `have`? Answered by `sync-report/1` frames. */
export const syncReportsRequest = declareObject({
  kind: 'sync-reports-request/1',
  maxBytes: 64 * 1024,
  fields: { network: network(), from: uint(), to: uint(), have: list(messageId(), { max: MAX_HAVE }) },
})

export const syncReport = declareObject({
  kind: 'sync-report/1',
  maxBytes: MAX_REPORT_BYTES + 256,
  fields: { envelope: bytes({ atMost: MAX_REPORT_BYTES + ENVELOPE_OVERHEAD_BYTES }) },
})

/** Which evidence do you hold of members and rounds that are not among `have`? Answered by `sync-evidence/1` frames. */
export const syncEvidenceRequest = declareObject({
  kind: 'sync-evidence-request/1',
  maxBytes: 64 * 1024,
  fields: {
    network: network(),
    have: list(record({ author: key(), round: uint({ min: 1 }) }), { max: MAX_EVIDENCE_HELD }),
  },
})

export const syncEvidence = declareObject({
  kind: 'sync-evidence/1',
  maxBytes: MAX_EVIDENCE_BYTES + 256,
  fields: { evidence: bytes({ atMost: MAX_EVIDENCE_BYTES }) },
})

/** Which approvals of open amendments do you hold that are not among `have`? Answered by `sync-approval/1` frames. */
export const syncApprovalsRequest = declareObject({
  kind: 'sync-approvals-request/1',
  maxBytes: 16 * 1024,
  fields: { network: network(), have: list(messageId(), { max: MAX_APPROVALS_PAGE }) },
})

export const syncApproval = declareObject({
  kind: 'sync-approval/1',
  maxBytes: MAX_APPROVAL_BYTES + 256,
  fields: { envelope: bytes({ atMost: MAX_APPROVAL_BYTES + ENVELOPE_OVERHEAD_BYTES }) },
})

/** Do you have this checkpoint as a delta from this base's weights? Answered by one `sync-delta/1`, or by none. */
export const syncDeltaRequest = declareObject({
  kind: 'sync-delta-request/1',
  maxBytes: 256,
  fields: { network: network(), checkpoint: fileCid(), base: fileCid() },
})

export const syncDelta = declareObject({
  kind: 'sync-delta/1',
  maxBytes: 128,
  fields: { delta: fileCid(), bytes: uint({ min: 8 }) },
})

export type SyncHead = MessageOf<typeof syncHead>
export type SyncBase = MessageOf<typeof syncBase>
export type SyncDelta = MessageOf<typeof syncDelta>
