// The wire: what bytes peers may say and how each is judged.

// Objects and messages
export { ARCHIVE_CONTENTS, type Archive, type ArchiveContents, archive } from './archive/messages.ts'
// Judges
export { judgeArchive, judgeOrder, judgeSection, openArchive, readArchiveHeader } from './archive/rules.ts'
export { type ExportKey, exportKey } from './attestation/messages.ts'
export { openExportKey } from './attestation/rules.ts'
export { type Contribution, contribution } from './contribution/messages.ts'
export { judgeContribution } from './contribution/rules.ts'
// Data
export { checkProof, type ProofFault } from './dataset/check.ts'
export {
  type DatasetStatement,
  decodeProof,
  decodeStatement,
  encodeProof,
  encodeStatement,
  MAX_PROOF_BYTES,
  MAX_STATEMENT_BYTES,
  type RowProof,
} from './dataset/files.ts'
export { type Genesis, genesis } from './genesis/messages.ts'
export { judgeGenesis } from './genesis/rules.ts'
export { EXCLUSION_REASONS, type ExclusionReason, type Lineage, lineage } from './lineage/messages.ts'
export { selectInputs } from './lineage/pipeline.ts'
export { openLineage } from './lineage/rules.ts'
// Invites and vouchers
export { formatInvite, type Invite, parseInvite } from './membership/invite.ts'
export { invite, invite2, type Voucher, voucher } from './membership/messages.ts'
export { judgeVoucher, openVoucher } from './membership/vouchers.ts'
export { REGISTRY, topicOf } from './registry.ts'
export { metricReport, type Report, report } from './report/messages.ts'
export { judgeReport } from './report/rules.ts'
export { openCertificate } from './round/certificate.ts'
export type { Contradiction } from './round/contradiction.ts'
export { type EvidenceView, encodeEvidence, isProven, judgeEvidence, type ProvenEvidence } from './round/evidence.ts'
export {
  type Certificate,
  certificate,
  type Evidence,
  evidence,
  type InclusionList,
  inclusionList,
  type Precommit,
  type Prevote,
  type Proposal,
  precommit,
  prevote,
  proposal,
} from './round/messages.ts'
export { judgeRoundMessage } from './round/rules.ts'
export { judgeSyncBase, judgeSyncDelta, judgeSyncHead } from './sync/rules.ts'

// Bytes, ids, signatures
export { fromHex, parseCid, toHex } from './wire/bytes.ts'
export { decodeCanonical, encodeCanonical, idOf, MalformedError } from './wire/codec.ts'
export { sha256, verifySignature } from './wire/crypto.ts'
export { aggregatorOf, quorumOf, rankCommittee, roundSeed } from './wire/election.ts'
export { encodeEnvelope, openEnvelope, preAuthentication, type Signed } from './wire/envelope.ts'
export type { Verdict } from './wire/verdict.ts'
