import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { Signer } from '../../ports/system.ts'

export const SEED_BYTES = 32

/** RFC 8410: the DER bytes before a raw Ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const RAW_KEY_BYTES = 32

/**
 * An Ed25519 signer over `node:crypto`.
 * @param seed 32 bytes (RFC 8032); the caller may wipe it afterwards.
 */
export function createSigner(seed: Uint8Array): Signer {
  if (seed.byteLength !== SEED_BYTES) throw new RangeError(`an Ed25519 seed has 32 bytes, not ${seed.byteLength}`)
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    key: Uint8Array.from(spki.subarray(spki.byteLength - RAW_KEY_BYTES)),
    sign: (bytes) => Uint8Array.from(sign(null, bytes, privateKey)),
  }
}
