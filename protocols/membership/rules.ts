import type { CID } from 'multiformats/cid'
import { compareBytes, equalCids } from '../wire/bytes.ts'
import { idOf, MalformedError } from '../wire/codec.ts'
import { verifySignature } from '../wire/crypto.ts'
import { preAuthentication, type Signed } from '../wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import { type AmendableTerms, amendTerms, isAmended } from './amend.ts'
import { type Amendment, type Approval, amendment, approval, ratification } from './messages.ts'

/** What the judges of amendments ask about the round in which they look. */
export interface AmendmentView {
  readonly network: CID
  /** Id of the last amendment that was embedded. */
  readonly last: CID | null
  /** What the newest terms known are: an amendment changes these. */
  readonly terms: AmendableTerms
  /** Of this round's committee. */
  isMember(key: Uint8Array): boolean
  readonly quorum: number
  /** Whether a rollback may name this base: one of the last `historyRounds`, and not the round's own. */
  isEarlier(base: CID): boolean
  /** Whether a genesis could have these terms (genesis, 2). */
  judgeTerms(terms: AmendableTerms): Verdict
}

export interface ApprovalView extends AmendmentView {
  isKnown(id: CID): boolean
  /** Other amendments that this member approved and that are still open. */
  countByAuthor(author: Uint8Array): number
}

export interface OpenedAmendment {
  readonly id: CID
  readonly amendment: Amendment
  /** What holds once it is in force. */
  readonly terms: AmendableTerms
}

/** Open amendments that one member can approve at a time. */
export const MAX_APPROVALS_PER_AUTHOR = 4

/** True for an amendment, false for a verdict. */
export function isOpenedAmendment(opened: OpenedAmendment | Verdict): opened is OpenedAmendment {
  return 'amendment' in opened
}

/** SPEC 8.1-8.4: reads an amendment and what it makes of the terms. */
export function openAmendment(bytes: Uint8Array, view: AmendmentView): OpenedAmendment | Verdict {
  try {
    return open(amendment.decode(bytes), idOf(bytes), view)
  } catch (error) {
    if (error instanceof MalformedError) return reject(`amendment-${error.reason}`)
    throw error
  }
}

function open(read: Amendment, id: CID, view: AmendmentView): OpenedAmendment | Verdict {
  // [REJECT] SPEC 8.1: this network's.
  if (!equalCids(read.network, view.network)) return reject('amendment-wrong-network')
  // [IGNORE] SPEC 8.2: it follows the last one that was embedded. Another was embedded first, or its sender is ahead.
  if (!equalCids(read.previous, view.last)) return ignore('amendment-out-of-order')
  // [REJECT] SPEC 8.3: it changes something, removes members only. [REJECT] SPEC 8.11: a rollback does nothing else.
  const terms = amendTerms(view.terms, read.change)
  if (!isAmended(terms)) return terms
  // [IGNORE] SPEC 8.12: a rollback goes to a base of the last rounds. Its sender may be ahead of us, or behind.
  const { rollback } = read.change
  if (rollback !== undefined && !view.isEarlier(rollback.base)) return ignore('amendment-no-earlier-base')
  // [REJECT] SPEC 8.4: a genesis could have these terms.
  const verdict = view.judgeTerms(terms)
  return verdict.verdict === 'accept' ? { id, amendment: read, terms } : reject(`amendment-${reasonOf(verdict)}`)
}

const reasonOf = (verdict: Verdict) => (verdict.verdict === 'accept' ? '' : verdict.reason)

/** SPEC 8.5-8.8: what to do with a member's consent. */
export function judgeApproval({ message, id }: Signed<Approval>, view: ApprovalView): Verdict {
  // [IGNORE] SPEC 8.5: by a member of this round's committee; who is ahead of us may know of a newer one.
  if (!view.isMember(message.author)) return ignore('not-a-member')
  // [IGNORE] SPEC 8.6: known already.
  if (view.isKnown(id)) return ignore('known')
  const opened = openAmendment(message.amendment, view)
  if (!isOpenedAmendment(opened)) return opened
  // [IGNORE] SPEC 8.7: a member has few open amendments at a time.
  return view.countByAuthor(message.author) < MAX_APPROVALS_PER_AUTHOR ? ACCEPT : ignore('approval-limit')
}

/** The ratification that a quorum of approvals of one amendment makes: the first `quorum` by author. */
export function ratify(approvals: readonly Signed<Approval>[], quorum: number): Uint8Array {
  const chosen = [...approvals].sort((a, b) => compareBytes(a.message.author, b.message.author)).slice(0, quorum)
  const [first] = chosen
  if (!first || chosen.length < quorum) throw new Error('a ratification needs a quorum')
  const signatures = chosen.map(({ message, signature }) => ({ author: message.author, signature }))
  return ratification.encode({ amendment: first.message.amendment, signatures })
}

/** SPEC 8.8-8.10: reads a ratification and checks every signature over the approval rebuilt from its fields. */
export function openRatification(bytes: Uint8Array, view: AmendmentView): OpenedAmendment | Verdict {
  try {
    const { amendment: payload, signatures } = ratification.decode(bytes)
    // [REJECT] SPEC 8.8: exactly a quorum, of distinct members, by author.
    if (signatures.length !== view.quorum) return reject('ratification-no-quorum')
    const isSorted = signatures.every(
      ({ author }, i) => i === 0 || compareBytes(signatures[i - 1]?.author ?? author, author) < 0,
    )
    if (!isSorted) return reject('ratification-signers-not-distinct')
    if (!signatures.every(({ author }) => view.isMember(author))) return reject('ratification-signer-not-a-member')
    // [REJECT] SPEC 8.10: each signature is valid.
    for (const { author, signature } of signatures) {
      const signed = approval.encode({ network: view.network, author, amendment: payload })
      if (!verifySignature(preAuthentication(signed), signature, author)) return reject('ratification-bad-signature')
    }
    // [REJECT] SPEC 8.9: the amendment holds, 8.2 and 8.12 included.
    const opened = openAmendment(payload, view)
    if (!isOpenedAmendment(opened)) return opened.verdict === 'ignore' ? reject(opened.reason) : opened
    return opened
  } catch (error) {
    if (error instanceof MalformedError) return reject(`ratification-${error.reason}`)
    throw error
  }
}
