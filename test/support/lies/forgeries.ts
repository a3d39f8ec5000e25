import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../../protocols/wire/codec.ts'
import {
  BASE_POINT,
  encodePoint,
  fromBytes,
  GROUP_ORDER,
  multiply,
  smallOrderPoints,
  toBytes,
} from '../protocols/ed25519.ts'

/** Signatures that some libraries take and others don't (protocols/wire/SPEC.md, "Signatures"). */

/** The second signature of the same message: S + L. */
export function withLargeScalar(signature: Uint8Array): Uint8Array {
  const s = fromBytes(signature.subarray(32))
  return joinBytes([signature.subarray(0, 32), toBytes(s + GROUP_ORDER)])
}

/** A key of small order: the identity. With R = [r]B and S = r the equation holds for it, whatever the message. */
export const SMALL_ORDER_KEY = encodePoint({ x: 0n, y: 1n })
/** Another, of order 8. */
export const ORDER_EIGHT_KEY = encodePoint(smallOrderPoints()[1] ?? { x: 0n, y: 1n })

const nonce = 12_345n
const anySignature = joinBytes([encodePoint(multiply(BASE_POINT, nonce)), toBytes(nonce)])

/** An envelope whose signature holds for the identity as a key where nobody looks at orders. */
export function envelopeOfSmallOrder(payload: Uint8Array): Uint8Array {
  return encodeCanonical({ payload, signature: anySignature })
}
