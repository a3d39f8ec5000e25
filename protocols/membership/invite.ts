import { base32 } from 'multiformats/bases/base32'
import type { CID } from 'multiformats/cid'
import { equalBytes } from '../wire/bytes.ts'
import { decodeCanonical, MalformedError } from '../wire/codec.ts'
import { sha256 } from '../wire/crypto.ts'
import { invite, invite2 } from './messages.ts'

const PREFIX = 'coldmesh1'
const CHECKSUM_BYTES = 4
/** Longer than any invite within its byte limit. */
const MAX_TEXT = 8192

/** What an invite says, whichever version it is. */
export interface Invite {
  readonly network: CID
  readonly addresses: readonly string[]
  /** Envelope of a voucher for the one who is invited. */
  readonly voucher?: Uint8Array
}

/** One string: `coldmesh1` and base32 (lower case, no padding) of the dag-cbor and the first 4 bytes of its SHA-256. */
export function formatInvite({ network, addresses, voucher }: Invite): string {
  const bytes =
    voucher === undefined ? invite.encode({ network, addresses }) : invite2.encode({ network, addresses, voucher })
  const checked = new Uint8Array(bytes.length + CHECKSUM_BYTES)
  checked.set(bytes)
  checked.set(sha256(bytes).subarray(0, CHECKSUM_BYTES), bytes.length)
  return PREFIX + base32.baseEncode(checked)
}

/** @throws MalformedError `not-an-invite`, `checksum`, or what is wrong inside */
export function parseInvite(text: string): Invite {
  if (text.length > MAX_TEXT) throw new MalformedError('too-long', `${text.length} characters, at most ${MAX_TEXT}`)
  const trimmed = text.trim()
  if (!trimmed.startsWith(PREFIX)) throw new MalformedError('not-an-invite', `it does not begin with ${PREFIX}`)
  let checked: Uint8Array
  try {
    checked = base32.baseDecode(trimmed.slice(PREFIX.length))
  } catch {
    throw new MalformedError('not-an-invite', 'it is not base32, or its end is missing')
  }
  const bytes = checked.subarray(0, Math.max(0, checked.length - CHECKSUM_BYTES))
  if (!equalBytes(sha256(bytes).subarray(0, CHECKSUM_BYTES), checked.subarray(bytes.length))) {
    throw new MalformedError('checksum', 'some characters are missing or changed')
  }
  return hasVoucher(bytes) ? invite2.decode(bytes) : invite.decode(bytes)
}

/** The field that tells the two versions apart; that it stands in the right one, its decoder checks. */
function hasVoucher(bytes: Uint8Array): boolean {
  const value = decodeCanonical(bytes, invite2.maxBytes)
  return typeof value === 'object' && value !== null && 'voucher' in value
}
