import { createHash } from 'node:crypto'
import { fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { dsseJson, statementPreAuthentication } from './dsse.ts'
import type { FileDigest } from './file-digests.ts'
import { type ExportSigner, hintOf } from './signers.ts'

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json'
export const MODEL_SIGNING_TYPE = 'https://model_signing/signature/v1.0'

/** What its tools leave out of a model directory, at the top: a base has none of it. */
const IGNORED = ['.git', '.gitattributes', '.github', '.gitignore']

/** The statement of OpenSSF Model Signing v1.0 about the files of a base, in the order of names. */
export function modelStatement(name: string, files: readonly FileDigest[]) {
  const root = createHash('sha256')
  for (const { sha256 } of files) root.update(fromHex(sha256) ?? new Uint8Array())
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name, digest: { sha256: toHex(root.digest()) } }],
    predicateType: MODEL_SIGNING_TYPE,
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: IGNORED },
      resources: files.map((file) => ({ name: file.name, digest: file.sha256, algorithm: 'sha256' })),
    },
  }
}

/** The same, signed: a bundle in Sigstore's form, of a plain key, with no transparency log. */
export function modelSigningBundle(name: string, files: readonly FileDigest[], key: ExportSigner) {
  const payload = Buffer.from(JSON.stringify(modelStatement(name, files)))
  const sig = key.sign(statementPreAuthentication(payload))
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: hintOf(key.spki) }, tlogEntries: [] },
    dsseEnvelope: dsseJson({ payload, signatures: [{ keyid: '', sig }] }),
  }
}
