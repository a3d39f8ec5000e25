/** Byte and count limits of everything peers say. One place, so that no reader has its own idea. */
export const KIBIBYTE = 1024
export const MEBIBYTE = 1024 * KIBIBYTE

/** Deepest nesting of any payload. */
export const MAX_DEPTH = 16
/** Most members of a committee, and most inputs of a round. */
export const MAX_COMMITTEE = 64
export const MAX_CONTRIBUTIONS = 64
/** Entries of one inclusion list: 2 × maxContributions. */
export const MAX_LISTED = 2 * MAX_CONTRIBUTIONS
/** Inclusion lists of one member in one round. */
export const MAX_LISTS_PER_ROUND = 8
export const MAX_GENESIS_BYTES = 64 * KIBIBYTE
export const MAX_CONTRIBUTION_BYTES = 2 * KIBIBYTE
export const MAX_LIST_BYTES = 8 * KIBIBYTE
export const MAX_VOTE_BYTES = 512
export const MAX_REPORT_BYTES = KIBIBYTE
/** 64 signatures of 32 + 64 bytes with their cbor heads and keys, and the fields before them. */
export const MAX_CERTIFICATE_BYTES = 16 * KIBIBYTE
/** What an amendment changes: half of what a lineage keeps for one, the other half is for signatures. */
export const MAX_AMENDMENT_BYTES = 8 * KIBIBYTE
/** A member's consent, with the amendment in it. */
export const MAX_APPROVAL_BYTES = MAX_AMENDMENT_BYTES + 256
/** An amendment with the signatures of the largest committee. */
export const MAX_RATIFICATION_BYTES = 16 * KIBIBYTE
/** `lineage.cbor` is one raw leaf. */
export const MAX_LINEAGE_BYTES = 1_000_000
/** What an archive is of, with a certificate in it. */
export const MAX_ARCHIVE_BYTES = 32 * KIBIBYTE
export const MAX_ARCHIVE_BLOCK_BYTES = 2 * MEBIBYTE
/** One root needs 59. */
export const MAX_ARCHIVE_HEADER_BYTES = 128
/** One frame of a stream. */
export const MAX_FRAME_BYTES = MEBIBYTE
/** Payload and signature, and the cbor around them. */
export const ENVELOPE_OVERHEAD_BYTES = 96
/** The envelope of a voucher, as contributions and invites carry it. */
export const MAX_VOUCHER_ENVELOPE_BYTES = 512
/** A P-256 key with its proof, and the fields around them. */
export const MAX_EXPORT_KEY_BYTES = 512
/** Two envelopes of the longest kind that a committee signs, and what holds them together. */
export const MAX_EVIDENCE_BYTES = 17 * KIBIBYTE
/** Pairs that a peer keeps of one member, and of all: a proven liar proves nothing new by its seventeenth. */
export const MAX_EVIDENCE_PER_MEMBER = 16
export const MAX_EVIDENCE_HELD = 16 * MAX_COMMITTEE
