import { bytes, cid, key, list, text, uint } from '../wire/fields.ts'
import { ENVELOPE_OVERHEAD_BYTES, KIBIBYTE, MAX_VOUCHER_ENVELOPE_BYTES } from '../wire/limits.ts'
import { declareMessage, declareObject, type MessageOf } from '../wire/message.ts'

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

export type Voucher = MessageOf<typeof voucher>
