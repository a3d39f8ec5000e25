import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto'
import nacl from 'tweetnacl'
import { compareBytes, equalBytes, fromHex, joinBytes } from './bytes.ts'

/** 32 bytes, a plain Uint8Array: a Buffer inside a CID would make equal CIDs differ to deep comparisons. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/**
 * SHA-256 over parts, each prefixed by its length as u32 big-endian: text as UTF-8, numbers as u64 big-endian.
 * No two lists of parts share an input.
 */
export function hashParts(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return sha256(joinBytes(parts.flatMap((part) => prefixed(partBytes(part)))))
}

function partBytes(part: string | number | Uint8Array): Uint8Array {
  if (typeof part === 'string') return new TextEncoder().encode(part)
  if (typeof part !== 'number') return part
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(part))
  return bytes
}

function prefixed(bytes: Uint8Array): Uint8Array[] {
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, bytes.length)
  return [length, bytes]
}

// y coordinates of the eight points of small order, little-endian; their sign bits are masked before comparing.
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => fromHex(hex) ?? new Uint8Array())

const bigEndian = (hex: string) => fromHex(hex) ?? new Uint8Array()
const FIELD_PRIME = bigEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed')
const GROUP_ORDER = bigEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed')

/** A key that may stand for somebody: 32 bytes, canonical (y < p) and not of small order. */
export function isAcceptableKey(key: Uint8Array): boolean {
  return key.length === 32 && isAcceptablePoint(key)
}

function isAcceptablePoint(point: Uint8Array): boolean {
  return isCanonicalPoint(point) && !SMALL_ORDER.some((small) => equalBytes(small, withoutSign(point)))
}

// A Buffer's own slice() shares memory: Uint8Array.from copies whatever it is given.
function withoutSign(point: Uint8Array): Uint8Array {
  const masked = Uint8Array.from(point)
  masked[31] = (masked[31] ?? 0) & 0x7f
  return masked
}

function isCanonicalPoint(point: Uint8Array): boolean {
  return compareBytes(withoutSign(point).reverse(), FIELD_PRIME) < 0
}

/**
 * What every verifier checks before the curve equation: lengths, S < L, A and R canonical and not of small order.
 * Versions of Node differ on an R of small order, so it must not get as far as theirs.
 */
function passesPreChecks(signature: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== 64 || !isAcceptableKey(key)) return false
  const s = Uint8Array.from(signature.subarray(32)).reverse()
  return compareBytes(s, GROUP_ORDER) < 0 && isAcceptablePoint(signature.subarray(0, 32))
}

/** The one predicate, in tweetnacl's arithmetic: the reference that the fast path is tested against. */
export function verifySignatureReference(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  return passesPreChecks(signature, key) && nacl.sign.detached.verify(message, signature, key)
}

const MAX_CACHED_KEYS = 1024
const keyObjects = new Map<string, KeyObject>()

/** The one predicate of "valid Ed25519" (SPEC wire, Signatures), by node:crypto. Same verdicts as the reference, much faster. */
export function verifySignature(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  if (!passesPreChecks(signature, key)) return false
  try {
    return verify(null, message, keyObject(key), signature)
  } catch {
    return false // a key that is no point on the curve
  }
}

function keyObject(key: Uint8Array): KeyObject {
  const x = Buffer.from(key).toString('base64url')
  const cached = keyObjects.get(x)
  if (cached) return cached
  const created = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  if (keyObjects.size >= MAX_CACHED_KEYS) keyObjects.delete(keyObjects.keys().next().value ?? '')
  keyObjects.set(x, created)
  return created
}
