import { createECDH, createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { exportKey } from '../../../protocols/attestation/messages.ts'
import { exportKeyProofInput } from '../../../protocols/attestation/rules.ts'
import { sign as signMessage, type TestKey, type TestNetwork } from './network.ts'

/** A P-256 key that tests may know; the same label gives the same key. */
export interface TestExportKey {
  readonly privateKey: KeyObject
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
}

export function testExportKey(label: string): TestExportKey {
  const ecdh = createECDH('prime256v1')
  const d = createHash('sha256').update(`export key ${label}`).digest()
  ecdh.setPrivateKey(d)
  const point = ecdh.getPublicKey()
  const [x, y] = [point.subarray(1, 33), point.subarray(33)]
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')
  const jwk = { kty: 'EC', crv: 'P-256', d: text(d), x: text(x), y: text(y) }
  const privateKey = createPrivateKey({ key: jwk, format: 'jwk' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, spki: new Uint8Array(spki) }
}

/** r and s of a signature of a P-256 key. */
export function signP256(bytes: Uint8Array, { privateKey }: TestExportKey): Uint8Array {
  return new Uint8Array(sign('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
}

/** `author`'s word that this key is its own. */
export function exportKeyBy(
  author: TestKey,
  { network }: Pick<TestNetwork, 'network'>,
  key: TestExportKey,
  fields: { readonly key?: Uint8Array; readonly proof?: Uint8Array } = {},
) {
  const proof = signP256(exportKeyProofInput(network, author.publicKey), key)
  return signMessage(exportKey, { network, algorithm: 'ecdsa-p256-sha256', key: key.spki, proof, ...fields }, author)
}
