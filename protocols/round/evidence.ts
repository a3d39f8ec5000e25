import type { CID } from 'multiformats/cid'
import { compareCids, equalBytes, equalCids } from '../wire/bytes.ts'
import { idOf, MalformedError } from '../wire/codec.ts'
import { isSigned, openEnvelope, type Signed } from '../wire/envelope.ts'
import { MAX_EVIDENCE_HELD, MAX_EVIDENCE_PER_MEMBER } from '../wire/limits.ts'
import { ignore, reject, type Verdict } from '../wire/verdict.ts'
import { type Contradiction, contradictionOf } from './contradiction.ts'
import { type Evidence, evidence, inclusionList, precommit, prevote, proposal } from './messages.ts'
import type { RoundMessage } from './rules.ts'

const COMMITTEE_MESSAGES = [inclusionList, proposal, prevote, precommit] as const

/** What the judge of evidence asks. */
export interface EvidenceView {
  readonly network: CID
  /** Of the committee of that round, which both messages are of; null when the judge does not know that committee. */
  isMember(key: Uint8Array, round: number): boolean | null
}

/** What the judge of evidence that others bring asks besides. */
export interface HeardEvidenceView extends EvidenceView {
  isKnown(id: CID): boolean
  /** True when a pair of this author and round is held. */
  holds(author: Uint8Array, round: number): boolean
  /** Pairs of this author that are held. */
  countOf(author: Uint8Array): number
  /** Pairs that are held in all. */
  readonly held: number
}

/** Evidence that holds: who said what, and why nobody honest says both. */
export interface ProvenEvidence {
  readonly network: CID
  readonly author: Uint8Array
  readonly round: number
  readonly kind: RoundMessage['kind']
  readonly contradiction: Contradiction
  readonly first: Signed<RoundMessage>
  readonly second: Signed<RoundMessage>
}

/** The bytes that two contradicting messages make, the same whichever was seen first. */
export function encodeEvidence(network: CID, one: Signed<RoundMessage>, other: Signed<RoundMessage>): Uint8Array {
  const [first, second] = compareCids(one.id, other.id) < 0 ? [one, other] : [other, one]
  return evidence.encode({ network, first: first.envelope, second: second.envelope })
}

/** SPEC 5: opens both envelopes, checks both signatures, and finds the contradiction. Asks nobody, and no clock. */
export function judgeEvidence(bytes: Uint8Array, view: EvidenceView): ProvenEvidence | Verdict {
  try {
    return judge(evidence.decode(bytes), view)
  } catch (error) {
    if (error instanceof MalformedError) return reject(`evidence-${error.reason}`)
    throw error
  }
}

/** SPEC 5: evidence that gossip or sync brings. Proven, it is news, and is kept and passed on; else a verdict. */
export function judgeHeardEvidence(bytes: Uint8Array, view: HeardEvidenceView): ProvenEvidence | Verdict {
  // [IGNORE] SPEC 5.9: known by its id: nothing needs to be checked.
  if (view.isKnown(idOf(bytes))) return ignore('evidence-known')
  const judged = judgeEvidence(bytes, view)
  if (!isProven(judged)) return judged
  const { author, round } = judged
  // [IGNORE] SPEC 5.9: another pair of the author and round is held.
  if (view.holds(author, round)) return ignore('evidence-known')
  // [IGNORE] SPEC 5.10: enough of the author's, or of all, are held.
  const isFull = view.countOf(author) >= MAX_EVIDENCE_PER_MEMBER || view.held >= MAX_EVIDENCE_HELD
  return isFull ? ignore('evidence-enough') : judged
}

/** True for evidence that holds, false for a verdict. */
export function isProven(judged: ProvenEvidence | Verdict): judged is ProvenEvidence {
  return 'contradiction' in judged
}

function judge({ network, first, second }: Evidence, view: EvidenceView): ProvenEvidence | Verdict {
  // [REJECT] SPEC 5.4: this network's.
  if (!equalCids(network, view.network)) return reject('evidence-wrong-network')
  // [REJECT] SPEC 5.5: two signed messages of a committee, the lower id first.
  const [one, other] = [open(first, network), open(second, network)]
  if (!isSigned(one)) return one
  if (!isSigned(other)) return other
  if (compareCids(one.id, other.id) >= 0) return reject('evidence-not-in-order')
  // [REJECT] SPEC 5.6: both by one author, a member.
  const { author, round, kind } = one.message
  if (!equalBytes(author, other.message.author)) return reject('evidence-two-authors')
  const isMember = view.isMember(author, round)
  // [IGNORE] SPEC 5.8: the judge does not know the committee of that round yet.
  if (isMember === null) return ignore('evidence-future-round')
  if (!isMember) return reject('evidence-not-a-member')
  // [REJECT] SPEC 5.7: nobody honest says both.
  const contradiction = contradictionOf(one, other)
  if (contradiction === null) return reject('evidence-no-contradiction')
  return { network, author, round, kind, contradiction, first: one, second: other }
}

function open(envelope: Uint8Array, network: CID): Signed<RoundMessage> | Verdict {
  const opened = openEnvelope<RoundMessage>(envelope, COMMITTEE_MESSAGES, network)
  return isSigned(opened) ? opened : reject(`evidence-${opened.reason}`)
}
