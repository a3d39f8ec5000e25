import type { CID } from 'multiformats/cid'
import { compareCids, equalBytes, equalCids } from '../wire/bytes.ts'
import { MalformedError } from '../wire/codec.ts'
import { isSigned, openEnvelope, type Signed } from '../wire/envelope.ts'
import { reject, type Verdict } from '../wire/verdict.ts'
import { type Contradiction, contradictionOf } from './contradiction.ts'
import { type Evidence, evidence, inclusionList, precommit, prevote, proposal } from './messages.ts'
import type { RoundMessage } from './rules.ts'

const COMMITTEE_MESSAGES = [inclusionList, proposal, prevote, precommit] as const

/** What the judge of evidence asks. */
export interface EvidenceView {
  readonly network: CID
  /** Of the committee of the round that both messages are of. */
  isMember(key: Uint8Array): boolean
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
  if (!view.isMember(author)) return reject('evidence-not-a-member')
  // [REJECT] SPEC 5.7: nobody honest says both.
  const contradiction = contradictionOf(one, other)
  if (contradiction === null) return reject('evidence-no-contradiction')
  return { network, author, round, kind, contradiction, first: one, second: other }
}

function open(envelope: Uint8Array, network: CID): Signed<RoundMessage> | Verdict {
  const opened = openEnvelope<RoundMessage>(envelope, COMMITTEE_MESSAGES, network)
  return isSigned(opened) ? opened : reject(`evidence-${opened.reason}`)
}
