import type { Contribution } from '../../protocols/contribution/messages.ts'
import { contribution as contributionMessage } from '../../protocols/contribution/messages.ts'
import { type ContributionView, judgeContribution, judgeTerms } from '../../protocols/contribution/rules.ts'
import type { Candidate, TrainedFrom } from '../../protocols/lineage/pipeline.ts'
import type { LineageView } from '../../protocols/lineage/rules.ts'
import { isOpenedAmendment, openRatification } from '../../protocols/membership/rules.ts'
import { type InclusionList, inclusionList } from '../../protocols/round/messages.ts'
import { judgeRoundMessage, type RoundMessage, type RoundView } from '../../protocols/round/rules.ts'
import { equalBytes, equalCids, toHex } from '../../protocols/wire/bytes.ts'
import { aggregatorOf, roundSeed } from '../../protocols/wire/election.ts'
import { isSigned, openEnvelope, type Signed } from '../../protocols/wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../../protocols/wire/verdict.ts'
import { contradictedList } from './contradicted-list.ts'
import { termsView } from './contributors.ts'
import { type NetworkFacts, openNetworkCertificate } from './network.ts'
import { amendmentViewAt, inForce, rollbackOf } from './rollback.ts'
import type { Head, RoundState, SignedContribution } from './state.ts'
import { isSurplus } from './tally.ts'

/** Judges a signed message against the round. Pure; `reduce` takes only what this accepts. */
export function judge(state: RoundState, signed: Signed<Contribution | RoundMessage>): Verdict {
  if (isContribution(signed)) return judgeContribution(signed, contributionView(state, signed))
  const { message, ...rest } = asRoundMessage(signed)
  const verdict = judgeRoundMessage({ ...rest, message }, roundView(state))
  if (message.kind === 'list/1') return judgeContradiction(state, { ...rest, message }, verdict)
  if (verdict.verdict !== 'accept') return verdict
  return isSurplus(state, { ...rest, message }) ? ignore('contradiction-known') : verdict
}

/**
 * A list that is older than one held, or drops what it names, is taken once as evidence. Nobody is to blame for relaying
 * it: the relayer may have seen no other.
 */
function judgeContradiction(state: RoundState, signed: Signed<InclusionList>, verdict: Verdict): Verdict {
  const isAside = verdict.verdict !== 'accept' && ['older-list', 'dropped-entry'].includes(verdict.reason)
  if (!isAside || contradictedList(state, signed) === null) return verdict
  return state.accused.has(toHex(signed.message.author)) ? ignore('contradiction-known') : ACCEPT
}

export function isContribution(signed: Signed<Contribution | RoundMessage>): signed is Signed<Contribution> {
  return signed.message.kind === 'contribution/1'
}

export function asRoundMessage(signed: Signed<Contribution | RoundMessage>): Signed<RoundMessage> {
  const { message } = signed
  if (message.kind === 'contribution/1') throw new Error('a contribution is not a message of the committee')
  return { ...signed, message }
}

/** A contribution as the pipeline and the machine see it. */
export function toCandidate(signed: Signed<Contribution>): SignedContribution {
  const { author, round, parent, checkpoint } = signed.message
  return { id: signed.id, author, round, parent, checkpoint, signed }
}

function contributionView(state: RoundState, { id }: Signed<Contribution>): ContributionView {
  // What a member lists must be had, however many its author made.
  const isListed = state.listers.has(String(id))
  return {
    ...termsView(state.network, state.round),
    round: state.round,
    base: state.head.base,
    parentOf: (parent, round) => parentOf(state.head, parent, round),
    isSpent: (checkpoint) => !isListed && isRecent(state.head, checkpoint),
    isKnown: (id) => state.known.has(String(id)),
    countByAuthor: (author) =>
      isListed
        ? 0
        : [...state.contributions.values()].filter((entry) => equalBytes(entry.contribution.author, author)).length,
  }
}

function roundView(state: RoundState): RoundView {
  return {
    round: state.round,
    view: state.view,
    base: state.head.base,
    maxContributions: (round) => factsIn(state.head, round)?.terms.round.maxContributions ?? null,
    isMember: (key, round) => factsIn(state.head, round)?.isMember(key) ?? null,
    aggregator: (view) => aggregatorOf(state.rank, view),
    isKnown: (id) => state.known.has(String(id)),
    listOf: (author) => state.lists.get(toHex(author))?.message ?? null,
  }
}

/** Undefined for rounds of which this head does not tell. */
function factsIn({ regime, round: before }: Head, round: number): NetworkFacts | undefined {
  return [regime.own, regime.current, regime.next][round - before]
}

/**
 * The base that a contribution to `round` was trained from, if the round that follows `head` takes it: the head's base, one
 * whose weights it kept (empty rounds), or one that at most `maxStaleness` rounds with inputs have followed. None from before a
 * rollback: what was trained on reverted weights, or with them, must not come back by itself.
 */
export function parentOf(head: Head, parent: CIDLike, round: number): TrainedFrom | null {
  let staleness = 0
  for (const ancestor of head.history) {
    if (equalCids(ancestor.base, parent)) {
      return round === ancestor.round + 1 ? { staleness, weights: ancestor.weights } : null
    }
    if (ancestor.rolledBackTo !== undefined) return null
    if (!ancestor.isEmpty) staleness++
    if (staleness > head.regime.current.terms.round.maxStaleness) return null
  }
  return null
}

/**
 * Weights of its parent where these are not those of the round's base: the contribution then stands for
 * `base + (checkpoint - these)`. Null: it stands for its checkpoint.
 */
export function rebasedFrom(head: Head, contribution: Candidate): CIDLike | null {
  const from = parentOf(head, contribution.parent, contribution.round)
  return from === null || equalCids(from.weights, head.weights) ? null : from.weights
}

type CIDLike = Head['base']

const lineageViews = new WeakMap<Head, LineageView<SignedContribution>>()

/** What judges the lineage of a base that follows `head`. Asked for at every step of a round: made once. */
export function lineageView(head: Head): LineageView<SignedContribution> {
  const known = lineageViews.get(head)
  if (known) return known
  const made = createLineageView(head)
  lineageViews.set(head, made)
  return made
}

function createLineageView(head: Head): LineageView<SignedContribution> {
  const network = head.regime.current
  const { terms, id, quorum, threshold } = network
  const round = head.round + 1
  return {
    network: id,
    round,
    base: head.base,
    quorum,
    threshold,
    seed: roundSeed(id, round),
    minContributions: terms.round.minContributions,
    maxContributions: terms.round.maxContributions,
    fusion: terms.fusion,
    baseWeights: head.weights,
    parentOf: (parent, contributionRound) => parentOf(head, parent, contributionRound),
    isRecent: (checkpoint) => isRecent(head, checkpoint),
    openContribution: (envelope) => {
      const signed = openEnvelope(envelope, [contributionMessage], id)
      if (!isSigned(signed)) return signed
      const terms = judgeTerms(signed.message, termsView(network, round))
      return terms.verdict === 'accept' ? toCandidate(signed) : terms
    },
    openList: (envelope) => {
      const signed = openEnvelope(envelope, [inclusionList], id)
      if (!isSigned(signed)) return signed
      return network.isMember(signed.message.author) ? signed.message : reject('lister-not-a-member')
    },
    openAmendment: (bytes) => {
      const opened = openRatification(bytes, amendmentViewAt(head))
      return isOpenedAmendment(opened) ? { rollback: rollbackOf(head, bytes) ?? null } : opened
    },
    judgeParentCertificate: (bytes) => judgeParentCertificate(head, bytes),
  }
}

function judgeParentCertificate(head: Head, bytes: Uint8Array): Verdict {
  // The one that made this base our head was checked then.
  if (head.certificate !== null && equalBytes(head.certificate, bytes)) return ACCEPT
  const certificate = openNetworkCertificate(head.regime.own, bytes)
  if ('verdict' in certificate) return certificate
  if (certificate.round !== head.round) return reject('certificate-wrong-round')
  return equalCids(certificate.base, head.base) ? ACCEPT : reject('certificate-wrong-base')
}

/**
 * True for the weights of the last `historyRounds` bases and for what was fused into them. What a rollback took out may be
 * offered again, the weights of a reverted base may not.
 */
export function isRecent({ history }: Head, checkpoint: CIDLike): boolean {
  return (
    history.some(({ weights }) => equalCids(weights, checkpoint)) ||
    inForce(history).some(({ inputs }) => inputs.some((input) => equalCids(input, checkpoint)))
  )
}
