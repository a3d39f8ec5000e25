import { cid, list, text } from '../wire/fields.ts'
import { KIBIBYTE } from '../wire/limits.ts'
import { declareObject, type MessageOf } from '../wire/message.ts'

export const MAX_INVITE_ADDRESSES = 16

/** What one person passes to another: which network, and where somebody of it can be reached. */
export const invite = declareObject({
  kind: 'invite/1',
  maxBytes: 4 * KIBIBYTE,
  fields: {
    network: cid('dag-cbor'),
    addresses: list(text({ minBytes: 1, maxBytes: 200 }), { max: MAX_INVITE_ADDRESSES }),
  },
})

export type Invite = MessageOf<typeof invite>
