import type { CID } from 'multiformats/cid'
import { decodeCanonical, encodeCanonical } from '../../protocols/wire/codec.ts'
import { bytes, directoryCid, optional, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_CERTIFICATE_BYTES, MAX_RATIFICATION_BYTES } from '../../protocols/wire/limits.ts'

/** A certified base; its lineage and weights are blocks under its CID. */
export interface ChainEntry {
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
  /** The ratification in its lineage, if there is one. */
  readonly amendment?: Uint8Array
}

const fields = record({
  round: uint({ min: 1 }),
  base: directoryCid(),
  certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }),
  amendment: optional(bytes({ atMost: MAX_RATIFICATION_BYTES })),
})
const MAX_ENTRY_BYTES = MAX_CERTIFICATE_BYTES + MAX_RATIFICATION_BYTES + 256

export function encodeEntry(entry: ChainEntry): Uint8Array {
  return encodeCanonical({ ...entry })
}

/** @throws MalformedError */
export function decodeEntry(record: Uint8Array): ChainEntry {
  return fields.read(decodeCanonical(record, MAX_ENTRY_BYTES), 'chain entry')
}
