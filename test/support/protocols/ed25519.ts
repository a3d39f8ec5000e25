import { createHash } from 'node:crypto'
import { joinBytes } from '../../../protocols/wire/bytes.ts'

/**
 * Edwards25519 on big integers: slow, and written from RFC 8032 alone, to make signatures that honest software never
 * makes and to judge them without the libraries under test.
 */

const P = 2n ** 255n - 19n
export const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n

/** Affine. */
export interface Point {
  readonly x: bigint
  readonly y: bigint
}

const mod = (value: bigint, modulus = P) => ((value % modulus) + modulus) % modulus

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) if (e & 1n) result = (result * b) % P
  return result
}

const invert = (value: bigint) => power(value, P - 2n)
const D = mod(-121665n * invert(121666n))
const SQRT_MINUS_ONE = power(2n, (P - 1n) / 4n)

export const IDENTITY: Point = { x: 0n, y: 1n }
export const BASE_POINT: Point = mustHaveX(mod(4n * invert(5n)), 0n)

type Extended = readonly [x: bigint, y: bigint, z: bigint, t: bigint]
const extend = ({ x, y }: Point): Extended => [x, y, 1n, mod(x * y)]

function addExtended([x1, y1, z1, t1]: Extended, [x2, y2, z2, t2]: Extended): Extended {
  const a = mod((y1 - x1) * (y2 - x2))
  const b = mod((y1 + x1) * (y2 + x2))
  const c = mod(2n * D * t1 * t2)
  const d = mod(2n * z1 * z2)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)]
}

function reduceToAffine([x, y, z]: Extended): Point {
  const inverse = invert(z)
  return { x: mod(x * inverse), y: mod(y * inverse) }
}

export function add(a: Point, b: Point): Point {
  return reduceToAffine(addExtended(extend(a), extend(b)))
}

export function multiply(point: Point, scalar: bigint): Point {
  let result = extend(IDENTITY)
  for (let p = extend(point), s = scalar; s > 0n; s >>= 1n, p = addExtended(p, p)) {
    if (s & 1n) result = addExtended(result, p)
  }
  return reduceToAffine(result)
}

export const isSame = (a: Point, b: Point) => a.x === b.x && a.y === b.y

/** The point with this y and sign of x, or null when there is none. */
export function recover(y: bigint, sign: bigint): Point | null {
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)]
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n))
  if (mod(v * x * x) === mod(-u)) x = mod(x * SQRT_MINUS_ONE)
  if (mod(v * x * x) !== u) return null
  if (x === 0n && sign === 1n) return null
  return { x: (x & 1n) === sign ? x : mod(-x), y: mod(y) }
}

function mustHaveX(y: bigint, sign: bigint): Point {
  const point = recover(y, sign)
  if (!point) throw new Error('no such point')
  return point
}

export function toBytes(value: bigint, length = 32): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

export function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

export const encodePoint = ({ x, y }: Point): Uint8Array => toBytes(y | ((x & 1n) << 255n))
/** y and the sign bit exactly as given, canonical or not. */
export const encodeRaw = (y: bigint, sign: bigint): Uint8Array => toBytes(y | (sign << 255n))

/** The eight points whose order divides 8. */
export function smallOrderPoints(): readonly Point[] {
  for (let y = 2n; ; y++) {
    const point = recover(y, 0n)
    const torsion = point && multiply(point, GROUP_ORDER)
    if (!torsion || isSame(multiply(torsion, 4n), IDENTITY)) continue
    return Array.from({ length: 8 }, (_, i) => multiply(torsion, BigInt(i)))
  }
}

/** k of the verification equation. */
export function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  const digest = createHash('sha512')
    .update(joinBytes([r, a, message]))
    .digest()
  return mod(fromBytes(digest), GROUP_ORDER)
}

/** The secret scalar of a seed. */
export function scalarOf(seed: Uint8Array): bigint {
  const half = new Uint8Array(createHash('sha512').update(seed).digest()).subarray(0, 32)
  return (fromBytes(half) & ((1n << 254n) - 8n)) | (1n << 254n)
}

/** The predicate of SPEC 1.3, by hand. */
export function verifyByHand(message: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  if (signature.length !== 64 || key.length !== 32) return false
  const [r, s] = [signature.subarray(0, 32), fromBytes(signature.subarray(32))]
  if (s >= GROUP_ORDER) return false
  const yOf = (bytes: Uint8Array) => fromBytes(bytes) & ((1n << 255n) - 1n)
  if (yOf(key) >= P || yOf(r) >= P) return false
  const a = recover(yOf(key), fromBytes(key) >> 255n)
  if (!a || isSame(multiply(a, 8n), IDENTITY)) return false
  const k = challenge(r, key, message)
  const expected = add(multiply(BASE_POINT, s), multiply({ x: mod(-a.x), y: a.y }, k))
  return !isSame(multiply(expected, 8n), IDENTITY) && Buffer.from(encodePoint(expected)).equals(r)
}
