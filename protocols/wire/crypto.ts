import { createPublicKey, hash, type JsonWebKeyInput, type KeyObject, verify } from 'node:crypto'
import nacl from 'tweetnacl'
import { compareBytes, equalBytes, fromHex, joinBytes } from './bytes.ts'
import { createMemo } from './memo.ts'

/** 32 bytes, a plain Uint8Array: a Buffer inside a CID would make equal CIDs differ to deep comparisons. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/** SHA-256 as text, to remember bytes by. */
export function sha256Text(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64')
}

const TEXT = new TextEncoder()

/**
 * SHA-256 over parts, each prefixed by its length as u32 big-endian: text as UTF-8, numbers as u64 big-endian.
 * No two lists of parts share an input.
 */
export function hashParts(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const pieces = parts.map(partBytes)
  const input = new Uint8Array(pieces.reduce((sum, { length }) => sum + 4 + length, 0))
  const view = new DataView(input.buffer)
  let at = 0
  for (const piece of pieces) {
    view.setUint32(at, piece.length)
    input.set(piece, at + 4)
    at += 4 + piece.length
  }
  return sha256(input)
}

function partBytes(part: string | number | Uint8Array): Uint8Array {
  if (typeof part === 'string') return TEXT.encode(part)
  if (typeof part !== 'number') return part
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(part))
  return bytes
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

const MAX_REMEMBERED_KEYS = 1024
/** Of keys that came before: a member's signs every round, most contributors' once. V8 doesn't see what one takes, 2 kB, and collects late. */
const keyObjects = createMemo<KeyObject>(MAX_REMEMBERED_KEYS)
const knownKeys = createMemo<true>(MAX_REMEMBERED_KEYS)
/** The same signature comes by gossip, in lineages and certificates, and again after a restart. 100 bytes each. */
const MAX_REMEMBERED_SIGNATURES = 16_384
const valid = createMemo<true>(MAX_REMEMBERED_SIGNATURES)

/**
 * The one predicate of "valid Ed25519" (SPEC wire, Signatures), by node:crypto. Same verdicts as the reference, much faster.
 * Remembers what was found valid, by a hash over all of its bytes; never what was not.
 */
export function verifySignature(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  if (!passesPreChecks(signature, key)) return false
  // Lengths of signature and key are fixed: no two triples share these bytes.
  const triple = sha256Text(joinBytes([signature, key, message]))
  if (valid.get(triple)) return true
  const isValid = verifyNow(message, signature, key)
  if (isValid) valid.set(triple, true)
  return isValid
}

function verifyNow(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  try {
    return verify(null, message, verifyingKey(key), signature)
  } catch {
    return false // a key that is no point on the curve
  }
}

/** An object of its own from the second time on; until then one that is gone after the call. */
function verifyingKey(key: Uint8Array): KeyObject | JsonWebKeyInput {
  const x = Buffer.from(key).toString('base64url')
  const known = keyObjects.get(x)
  if (known) return known
  const input: JsonWebKeyInput = { key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }
  if (!knownKeys.get(x)) {
    knownKeys.set(x, true)
    return input
  }
  const created = createPublicKey(input)
  keyObjects.set(x, created)
  return created
}

/** What SubjectPublicKeyInfo begins with in DER for a P-256 point without compression, `04` included. */
const P256_PREFIX = fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004') ?? new Uint8Array()
const P256_KEY_BYTES = P256_PREFIX.length + 64

/** A P-256 key in its one form: DER, the point without compression and on the curve. */
export function isP256Key(spki: Uint8Array): boolean {
  return p256KeyObject(spki) !== null
}

/** ECDSA with SHA-256; `signature` is r and s, 32 bytes each. Never throws. */
export function verifyP256(message: Uint8Array, signature: Uint8Array, spki: Uint8Array): boolean {
  const key = p256KeyObject(spki)
  return (
    key !== null && signature.length === 64 && verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
  )
}

function p256KeyObject(spki: Uint8Array): KeyObject | null {
  if (spki.length !== P256_KEY_BYTES || !equalBytes(spki.subarray(0, P256_PREFIX.length), P256_PREFIX)) return null
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    return null // a point that is not on the curve
  }
}
