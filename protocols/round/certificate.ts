import type { CID } from 'multiformats/cid'
import { compareBytes, equalCids } from '../wire/bytes.ts'
import { MalformedError } from '../wire/codec.ts'
import { sha256Text, verifySignature } from '../wire/crypto.ts'
import { preAuthentication, type Signed } from '../wire/envelope.ts'
import { createMemo } from '../wire/memo.ts'
import { ACCEPT, reject, type Verdict } from '../wire/verdict.ts'
import { type Certificate, certificate, type Precommit, precommit } from './messages.ts'

/** Who may certify: the committee of the certified round. */
export interface CommitteeView {
  readonly network: CID
  readonly quorum: number
  isMember(key: Uint8Array): boolean
}

/** The certificate that a quorum of precommits for one base in one view makes: the first `quorum` by author. */
export function certify(precommits: readonly Signed<Precommit>[], quorum: number): Uint8Array {
  const votes = [...precommits].sort((a, b) => compareBytes(a.message.author, b.message.author)).slice(0, quorum)
  const [first] = votes
  if (!first?.message.base || votes.length < quorum) throw new Error('a certificate needs a quorum for a base')
  const { network, round, view, base } = first.message
  const signatures = votes.map((vote) => ({ author: vote.message.author, signature: vote.signature }))
  return certificate.encode({ network, round, view, base, signatures })
}

/** One comes with its base, in the lineage of the next, and whenever either is read again. 44 bytes each. */
const MAX_REMEMBERED = 1024
const signed = createMemo<true>(MAX_REMEMBERED)

/** SPEC 5: reads a certificate and checks every signature over the precommit rebuilt from its fields. */
export function openCertificate(bytes: Uint8Array, view: CommitteeView): Certificate | Verdict {
  try {
    const opened = certificate.decode(bytes)
    const verdict = judgeCertificate(opened, view)
    if (verdict.verdict === 'accept' && !areSigned(bytes, opened)) return reject('certificate-bad-signature')
    return verdict.verdict === 'accept' ? opened : verdict
  } catch (error) {
    if (error instanceof MalformedError) return reject(`certificate-${error.reason}`)
    throw error
  }
}

function judgeCertificate({ network, signatures }: Certificate, committee: CommitteeView): Verdict {
  // [REJECT] SPEC 5.1: this network's.
  if (!equalCids(network, committee.network)) return reject('certificate-wrong-network')
  // [REJECT] SPEC 5.2: exactly a quorum, of distinct members, by author.
  if (signatures.length !== committee.quorum) return reject('certificate-no-quorum')
  const isSorted = signatures.every(
    ({ author }, i) => i === 0 || compareBytes(signatures[i - 1]?.author ?? author, author) < 0,
  )
  if (!isSorted) return reject('certificate-signers-not-distinct')
  if (!signatures.every(({ author }) => committee.isMember(author))) return reject('certificate-signer-not-a-member')
  return ACCEPT
}

/** [REJECT] SPEC 5.3: each signature is valid. A fact about the bytes alone: what was found so is remembered. */
function areSigned(bytes: Uint8Array, { network, round, view, base, signatures }: Certificate): boolean {
  const name = sha256Text(bytes)
  if (signed.get(name)) return true
  for (const { author, signature } of signatures) {
    const payload = precommit.encode({ network, author, round, view, base })
    if (!verifySignature(preAuthentication(payload), signature, author)) return false
  }
  signed.set(name, true)
  return true
}
