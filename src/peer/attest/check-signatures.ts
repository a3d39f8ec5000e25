import { openExportKey } from '../../../protocols/attestation/rules.ts'
import { fromHex, toHex } from '../../../protocols/wire/bytes.ts'
import { verifySignature } from '../../../protocols/wire/crypto.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { Difference } from './differences.ts'
import { type Dsse, statementPreAuthentication } from './dsse.ts'
import { hintOf, isSignedBy, keyidOf } from './signers.ts'
import type { AttestationReport } from './types.ts'

type Signer = AttestationReport['signedBy'][number]

export interface CheckedSignatures {
  readonly signedBy: readonly Signer[]
  readonly failures: readonly Difference[]
}

interface Given {
  readonly envelope: Dsse
  /** The envelope of an `export-key/1`, where it lies beside the file. */
  readonly exportKey: Uint8Array | null
  /** Of the first round; in force in the base's round, where that is known. */
  readonly network: NetworkFacts
  readonly facts: NetworkFacts | null
}

interface BoundKey {
  readonly spki: Uint8Array
  readonly author: Uint8Array
}

/** Signatures of an in-toto statement: each must hold, and one must be a peer's own. */
export function checkStatementSignatures(given: Given): CheckedSignatures {
  const { envelope } = given
  const bytes = statementPreAuthentication(envelope.payload)
  const { bound, failures } = readBound(given)
  const signedBy: Signer[] = []
  for (const [i, { keyid, sig }] of envelope.signatures.entries()) {
    const place = `signatures[${i}]`
    const key = fromHex(keyid)
    if (bound !== null && keyid === keyidOf(bound.spki)) {
      if (isSignedBy(bound.spki, bytes, sig)) signedBy.push(signerOf('ecdsa-p256-sha256', keyid, bound.author, given))
      else failures.push({ place, reason: `does not hold for the export key ${keyid}` })
    } else if (key?.length === 32 && verifySignature(bytes, sig, key)) {
      signedBy.push(signerOf('ed25519', keyid, key, given))
    } else failures.push({ place, reason: `does not hold for the key ${keyid}, or that key is not beside the file` })
  }
  if (!signedBy.some(({ algorithm }) => algorithm === 'ed25519')) {
    failures.push({ place: 'signatures', reason: 'no peer signed this with its own key' })
  }
  return { signedBy, failures }
}

/** The one signature of a model signing bundle, by the key whose owner is beside it. */
export function checkBundleSignature(given: Given & { readonly hint: unknown }): CheckedSignatures {
  const { envelope, hint } = given
  const { bound, failures } = readBound(given)
  if (bound === null) {
    const reason = 'the key that signed it is not beside the file, so nobody is known to have said this'
    return { signedBy: [], failures: [...failures, { place: 'signatures', reason }] }
  }
  const [first, ...more] = envelope.signatures
  if (more.length > 0) failures.push({ place: 'signatures', reason: 'a bundle has one' })
  if (hint !== hintOf(bound.spki)) failures.push({ place: 'publicKey.hint', reason: 'is of another key' })
  const bytes = statementPreAuthentication(envelope.payload)
  if (first === undefined || !isSignedBy(bound.spki, bytes, first.sig)) {
    const reason = `does not hold for the export key ${keyidOf(bound.spki)}`
    return { signedBy: [], failures: [...failures, { place: 'signatures[0]', reason }] }
  }
  const signer = signerOf('ecdsa-p256-sha256', keyidOf(bound.spki), bound.author, given)
  return { signedBy: [signer], failures }
}

function readBound({ exportKey, network }: Given): { bound: BoundKey | null; failures: Difference[] } {
  if (exportKey === null) return { bound: null, failures: [] }
  const opened = openExportKey(exportKey, network.id)
  if ('verdict' in opened) {
    const reason = opened.verdict === 'accept' ? 'refused' : opened.reason
    return { bound: null, failures: [{ place: 'export-key', reason }] }
  }
  return { bound: { spki: opened.message.key, author: opened.message.author }, failures: [] }
}

function signerOf(algorithm: Signer['algorithm'], key: string, author: Uint8Array, { facts }: Given): Signer {
  const isMember = facts?.isMember(author) ?? false
  return { algorithm, key, author: toHex(author), member: isMember ? (facts?.nameOf(author) ?? null) : null }
}
