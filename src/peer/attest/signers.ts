import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signBytes,
  verify,
} from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { exportKey } from '../../../protocols/attestation/messages.ts'
import { exportKeyProofInput } from '../../../protocols/attestation/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { createPrivateFile, keyRefusal, readPrivateFile } from '../../adapters/files/private-file.ts'
import type { Signer } from '../../ports/system.ts'

/** A P-256 key that signs for tools which know no Ed25519. */
export interface ExportSigner {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array
  /** The same as PEM. */
  readonly pem: string
  /** ECDSA with SHA-256, in DER, as other tools expect it. */
  sign(bytes: Uint8Array): Uint8Array
  /** r and s, 32 bytes each, as the wire has it. */
  signRaw(bytes: Uint8Array): Uint8Array
}

/**
 * The export key of a data directory, made when it is first needed: PKCS #8 in PEM, readable by its owner only.
 * @throws ColdmeshError `refused`: readable by others, not a P-256 key, the disk
 */
export async function openExportSigner(path: string): Promise<ExportSigner> {
  const there = await readPrivateFile(path)
  if (there !== null) return signerOf(readP256(there, path))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const made = await createPrivateFile(path, Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  // Another process may have made one in the same moment: then that one is the key.
  return made ? signerOf(privateKey) : await openExportSigner(path)
}

function readP256(pem: Uint8Array, path: string): KeyObject {
  const wrong = () =>
    keyRefusal(path, 'is no P-256 key', 'Restore it from a backup, or move it away: a new one is made.')
  let key: KeyObject
  try {
    key = createPrivateKey(Buffer.from(pem))
  } catch {
    throw wrong()
  }
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return key
  throw wrong()
}

function signerOf(privateKey: KeyObject): ExportSigner {
  const publicKey = createPublicKey(privateKey)
  return {
    spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    pem: String(publicKey.export({ type: 'spki', format: 'pem' })),
    sign: (bytes) => signBytes('sha256', bytes, privateKey),
    signRaw: (bytes) => new Uint8Array(signBytes('sha256', bytes, { key: privateKey, dsaEncoding: 'ieee-p1363' })),
  }
}

/** SPEC 12: the peer's word that the export key is its own, with the export key's consent. */
export function stateExportKey(network: CID, peer: Signer, key: ExportSigner): Uint8Array {
  const payload = exportKey.encode({
    network,
    author: peer.key,
    algorithm: 'ecdsa-p256-sha256',
    key: key.spki,
    proof: key.signRaw(exportKeyProofInput(network, peer.key)),
  })
  return encodeEnvelope(payload, peer.sign(preAuthentication(payload)))
}

/** Whether a P-256 key signed these bytes; `signature` in DER. Never throws. */
export function isSignedBy(spki: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
  return verify('sha256', bytes, key, signature)
}

/** What DSSE calls a P-256 key by. */
export function keyidOf(spki: Uint8Array): string {
  return toHex(sha256(spki))
}

/** What OpenSSF Model Signing calls a key by: the hash of its PEM form. */
export function hintOf(spki: Uint8Array): string {
  const key = createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' })
  return toHex(sha256(Buffer.from(key.export({ type: 'spki', format: 'pem' }))))
}
