import { bytes, oneOf } from '../wire/fields.ts'
import { MAX_EXPORT_KEY_BYTES } from '../wire/limits.ts'
import { declareMessage, type MessageOf } from '../wire/message.ts'

/** SubjectPublicKeyInfo in DER of a point of P-256 without compression. */
export const EXPORT_KEY_BYTES = 91

/** A peer's word that this P-256 key is its own: for tools that do not know Ed25519. */
export const exportKey = declareMessage({
  kind: 'export-key/1',
  maxBytes: MAX_EXPORT_KEY_BYTES,
  fields: {
    algorithm: oneOf('ecdsa-p256-sha256'),
    key: bytes({ exactly: EXPORT_KEY_BYTES }),
    proof: bytes({ exactly: 64 }),
  },
})

export type ExportKey = MessageOf<typeof exportKey>
