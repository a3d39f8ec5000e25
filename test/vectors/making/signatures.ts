import { joinBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { verifySignature, verifySignatureReference } from '../../../protocols/wire/crypto.ts'
import * as curve from '../../support/protocols/ed25519.ts'
import { rawSignature, testKey } from '../../support/protocols/network.ts'

export interface SignatureVector {
  readonly name: string
  readonly key: string
  readonly message: string
  readonly signature: string
  readonly valid: boolean
}

interface Made {
  readonly name: string
  readonly key: Uint8Array
  readonly message: Uint8Array
  readonly signature: Uint8Array
}

const P = 2n ** 255n - 19n
const TORSION = curve.smallOrderPoints()
const signer = testKey('signer')
const secret = curve.scalarOf(signer.seed)
const nonce = curve.scalarOf(testKey('nonce').seed) % curve.GROUP_ORDER
const honestKey = curve.multiply(curve.BASE_POINT, secret)
const honestNonce = curve.multiply(curve.BASE_POINT, nonce)
const messageOf = (text: string) => new TextEncoder().encode(text)

/** Solves the equation without its cofactor's part: S = r + k a for these encodings of R and A. */
function solve(
  name: string,
  key: Uint8Array,
  r: Uint8Array,
  message: Uint8Array,
  scalars = [nonce, secret] as const,
): Made {
  const s = (scalars[0] + curve.challenge(r, key, message) * scalars[1]) % curve.GROUP_ORDER
  return { name, key, message, signature: joinBytes([r, curve.toBytes(s)]) }
}

/** Keys and nonces with every part of small order: valid exactly where the parts cancel without a cofactor. */
function mixedOrder(): readonly Made[] {
  return TORSION.flatMap((ofKey, i) =>
    TORSION.flatMap((ofNonce, j) => {
      const key = curve.encodePoint(curve.add(honestKey, ofKey))
      const r = curve.encodePoint(curve.add(honestNonce, ofNonce))
      return [0, 1].map((n) => solve(`key + ${i}T, R + ${j}T`, key, r, messageOf(`mixed order ${n}`)))
    }),
  )
}

/** Every encoding of a point of small order, also those that are not canonical. */
function smallOrderEncodings(): readonly Uint8Array[] {
  const canonical = TORSION.map(curve.encodePoint)
  const others = [curve.encodeRaw(1n, 1n), curve.encodeRaw(P - 1n, 1n)]
  const beyond = [P, P + 1n].flatMap((y) => [curve.encodeRaw(y, 0n), curve.encodeRaw(y, 1n)])
  return [...canonical, ...others, ...beyond]
}

function smallOrder(): readonly Made[] {
  const encodings = smallOrderEncodings()
  const message = messageOf('small order')
  const key = curve.encodePoint(honestKey)
  const [noScalar, noNonce] = [[0n, 0n] as const, [0n, secret] as const]
  return [
    ...encodings.flatMap((a) =>
      encodings.map((r) => solve('key and R of small order, S = 0', a, r, message, noScalar)),
    ),
    ...encodings.map((a) => solve('key of small order', a, curve.encodePoint(honestNonce), message, [nonce, 0n])),
    ...encodings.map((r) => solve('R of small order', key, r, message, noNonce)),
  ]
}

function scalarRange(): readonly Made[] {
  const key = curve.encodePoint(honestKey)
  const message = messageOf('range of S')
  const r = curve.encodePoint(honestNonce)
  const s = (nonce + curve.challenge(r, key, message) * secret) % curve.GROUP_ORDER
  const L = curve.GROUP_ORDER
  const withScalar = (name: string, scalar: bigint) => ({
    name,
    key,
    message,
    signature: joinBytes([r, curve.toBytes(scalar)]),
  })
  const multiples = [1n, 2n, 7n, 14n].map((n) => withScalar(`S + ${n} L`, s + n * L))
  const edges = [0n, L - 1n, L, L + 1n, 2n ** 253n, 2n ** 255n, 2n ** 256n - 1n].map((scalar) =>
    withScalar('S at an edge', scalar),
  )
  return [withScalar('S', s), ...multiples, ...edges]
}

/** Keys and R whose y is p or more, for the few y that fit, and y that are on no point. */
function notCanonical(): readonly Made[] {
  const message = messageOf('not canonical')
  const key = curve.encodePoint(honestKey)
  const r = curve.encodePoint(honestNonce)
  const beyond = Array.from({ length: 19 }, (_, i) => curve.encodeRaw(P + BigInt(i), 0n))
  const offCurve = Array.from({ length: 40 }, (_, y) => BigInt(y + 2))
    .filter((y) => !curve.recover(y, 0n))
    .slice(0, 8)
  return [
    ...beyond.map((a) => solve('key with y of p or more', a, r, message)),
    ...beyond.map((nonCanonical) => solve('R with y of p or more', key, nonCanonical, message)),
    ...offCurve.map((y) => solve('key that is no point', curve.encodeRaw(y, 0n), r, message)),
    ...offCurve.map((y) => solve('R that is no point', key, curve.encodeRaw(y, 0n), message)),
  ]
}

function tampered(): readonly Made[] {
  return Array.from({ length: 16 }, (_, i) => {
    const key = testKey(`signer ${i}`)
    const message = messageOf(`message ${i} `.repeat(i))
    const signature = rawSignature(message, key)
    const flip = (bytes: Uint8Array) => bytes.map((byte, at) => (at === i ? byte ^ (1 << (i % 8)) : byte))
    const made = { key: key.publicKey, message, signature }
    return [
      { ...made, name: 'honest' },
      { ...made, name: 'a bit of R flipped', signature: flip(signature) },
      {
        ...made,
        name: 'a bit of S flipped',
        signature: joinBytes([signature.subarray(0, 32), flip(signature.subarray(32))]),
      },
      { ...made, name: 'a bit of the key flipped', key: flip(key.publicKey) },
      { ...made, name: 'another message', message: messageOf('another') },
    ]
  }).flat()
}

function lengths(): readonly Made[] {
  const message = messageOf('lengths')
  const signature = rawSignature(message, signer)
  const { publicKey: key } = signer
  return [
    { name: 'no signature', key, message, signature: new Uint8Array() },
    { name: 'a signature of 63 bytes', key, message, signature: signature.subarray(0, 63) },
    { name: 'a signature of 65 bytes', key, message, signature: joinBytes([signature, Uint8Array.of(0)]) },
    { name: 'a key of 31 bytes', key: key.subarray(0, 31), message, signature },
    { name: 'a key of 33 bytes', key: joinBytes([key, Uint8Array.of(0)]), message, signature },
  ]
}

/** Signatures of every kind that verifiers have disagreed about, judged by three arithmetics that must agree. */
export function signatureVectors(): readonly SignatureVector[] {
  const made = [...tampered(), ...lengths(), ...scalarRange(), ...mixedOrder(), ...smallOrder(), ...notCanonical()]
  return made.map(({ name, key, message, signature }) => {
    const valid = curve.verifyByHand(message, signature, key)
    const others = [verifySignature, verifySignatureReference].map((verify) => verify(message, signature, key))
    if (others.some((other) => other !== valid)) throw new Error(`${name}: ${valid}, ${others}`)
    return { name, key: toHex(key), message: toHex(message), signature: toHex(signature), valid }
  })
}
