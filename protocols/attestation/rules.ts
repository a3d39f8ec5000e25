import type { CID } from 'multiformats/cid'
import { hashParts, isP256Key, verifyP256 } from '../wire/crypto.ts'
import { isSigned, openEnvelope, type Signed } from '../wire/envelope.ts'
import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'
import { type ExportKey, exportKey } from './messages.ts'

/** What an export key signs to agree to be this author's. */
export function exportKeyProofInput(network: CID, author: Uint8Array): Uint8Array {
  return hashParts('coldmesh/export-key/1', network.bytes, author)
}

/** SPEC 12: whether a key is what it should be, and its owner agrees. */
export function judgeExportKey({ network, author, key, proof }: ExportKey): Verdict {
  // [REJECT] SPEC 12.1: a point of P-256, spelled in the one way.
  if (!isP256Key(key)) return reject('bad-export-key')
  // [REJECT] SPEC 12.2: signed by that key for this author in this network.
  return verifyP256(exportKeyProofInput(network, author), proof, key) ? ACCEPT : reject('bad-proof')
}

/** Opens the statement of an export key and judges it. */
export function openExportKey(envelope: Uint8Array, network: CID): Signed<ExportKey> | Verdict {
  const opened = openEnvelope(envelope, [exportKey], network)
  if (!isSigned(opened)) return opened
  const verdict = judgeExportKey(opened.message)
  return verdict.verdict === 'accept' ? opened : verdict
}
