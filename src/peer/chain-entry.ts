import type { CID } from 'multiformats/cid'
import { decodeCanonical, encodeCanonical } from '../../protocols/wire/codec.ts'
import { bytes, directoryCid, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_CERTIFICATE_BYTES } from '../../protocols/wire/limits.ts'

/** A certified base; its lineage and weights are blocks under its CID. */
export interface ChainEntry {
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
}

const fields = record({
  round: uint({ min: 1 }),
  base: directoryCid(),
  certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }),
})

export function encodeEntry({ round, base, certificate }: ChainEntry): Uint8Array {
  return encodeCanonical({ round, base, certificate })
}

/** @throws MalformedError */
export function decodeEntry(record: Uint8Array): ChainEntry {
  return fields.read(decodeCanonical(record, MAX_CERTIFICATE_BYTES + 256), 'chain entry')
}
