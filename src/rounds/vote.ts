import type { CID } from 'multiformats/cid'
import { certify } from '../../protocols/round/certificate.ts'
import type { Precommit, Proposal } from '../../protocols/round/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { type Draft, enterPhase, isSelf, say, setTimer } from './draft.ts'
import { gateOf } from './gate.ts'
import { fetchListed } from './lists.ts'
import { propose } from './propose.ts'
import type { RoundState } from './state.ts'
import { countVoters, hasQuorum, prevotedProposal, reachedView, votesFor } from './tally.ts'
import { type Validity, validityOf } from './validity.ts'

/** The rules of "The latest gossip on BFT consensus", algorithm 1; its heights are our rounds, its rounds our views. */

export function startView(draft: Draft, view: number): void {
  const { state, effects } = draft
  state.view = view
  enterPhase(draft, 'propose')
  effects.push({ type: 'entered-view', view, aggregator: aggregatorOf(state.rank, view) })
  setTimer(draft, 'propose')
  fetchListed(draft)
}

/** Fires every rule that holds now, once. */
export function applyRules(draft: Draft): void {
  const { state } = draft
  if (decide(draft) || state.self === null) return
  catchUp(draft)
  if (state.view < 0) return
  carry(draft)
  propose(draft)
  prevoteProposal(draft)
  precommitProposal(draft)
  waitForVotes(draft)
}

/** A timer of the current view ran out. */
export function onTimeout(draft: Draft, kind: 'propose' | 'prevote' | 'precommit'): void {
  const { state } = draft
  if (kind === 'propose' && state.phase === 'propose') castPrevote(draft, null, lateReason(draft))
  if (kind === 'prevote' && state.phase === 'prevote') castPrecommit(draft, null, { reason: 'no-quorum-of-prevotes' })
  if (kind === 'precommit' && state.phase !== 'adopt') startView(draft, state.view + 1)
}

function lateReason(draft: Draft): string {
  const proposal = draft.state.proposals.get(draft.state.view)
  if (!proposal) return 'no-proposal-in-time'
  const validity = validityOf(draft, proposal)
  if (validity.is !== 'valid') return validity.reason
  return gateOf(draft, proposal.message).state === 'asked' ? 'gate-not-judged' : 'no-quorum-carries-it'
}

/** L28 and L22: prevotes what our own fusion reproduces, unless locked on something else. */
function prevoteProposal(draft: Draft): void {
  const { state } = draft
  const proposal = state.proposals.get(state.view)
  if (state.phase !== 'propose' || !proposal) return
  const validity = validityOf(draft, proposal)
  const { base, validView } = proposal.message
  if (validity.is === 'pending') return
  if (validity.is === 'invalid') {
    castPrevote(draft, null, validity.reason)
    return
  }
  if (validView !== null && !hasQuorum(state, 'prevote/1', validView, base)) return
  const mayVote = state.locked === null || equalCids(state.locked.base, base) || state.locked.view <= (validView ?? -1)
  if (!mayVote) {
    castPrevote(draft, null, 'locked-on-another-base')
    return
  }
  const gate = gateOf(draft, proposal.message)
  if (gate.state === 'asked') return
  castPrevote(draft, gate.reason === null ? base : null, gate.reason)
}

/**
 * L36: a valid proposal with a quorum of prevotes in its view is what we propose from now on. Also one of an earlier view:
 * its prevotes may reach us late, or after a restart.
 */
function carry(draft: Draft): void {
  const { state } = draft
  for (const view of state.proposals.keys()) {
    if (view > state.view || view <= (state.valid?.view ?? -1)) continue
    const proposal = prevotedProposal(state, view)
    if (!proposal || !isValid(validityOf(draft, proposal))) continue
    const { base, lineage } = proposal.message
    state.valid = { view, base, lineage }
  }
}

const isValid = (validity: Validity) => validity.is === 'valid'

/** L36: a quorum of prevotes for a valid proposal of this view locks it. L44: a quorum for nil does not. */
function precommitProposal(draft: Draft): void {
  const { state } = draft
  if (state.phase !== 'prevote') return
  const proposal = prevotedProposal(state, state.view)
  if (proposal && isValid(validityOf(draft, proposal))) {
    const { base } = proposal.message
    state.locked = { view: state.view, base }
    castPrecommit(draft, base, { proof: proofOf(state, proposal) })
  } else if (hasQuorum(state, 'prevote/1', state.view, null)) {
    castPrecommit(draft, null, { reason: 'quorum-of-nil' })
  }
}

/** What shows others that a lock is right: the proposal, and a quorum of prevotes for it. Ours are in the journal already. */
function proofOf(state: RoundState, proposal: Signed<Proposal>) {
  const { view, base } = proposal.message
  const prevotes = votesFor(state, 'prevote/1', view, base).slice(0, state.network.quorum)
  return [proposal, ...prevotes].filter(({ message }) => !isSelf(state, message.author))
}

/** L34 and L47: a quorum voted, but not alike: wait a little for the rest. */
function waitForVotes(draft: Draft): void {
  const { state } = draft
  const { quorum } = state.network
  if (state.phase === 'prevote' && countVoters(state, 'prevote/1', state.view) >= quorum) setTimer(draft, 'prevote')
  if (countVoters(state, 'precommit/1', state.view) < quorum) return
  if (hasQuorum(state, 'precommit/1', state.view, null)) startView(draft, state.view + 1)
  else setTimer(draft, 'precommit')
}

/** L55: f + 1 members are in a later view, so an honest one is. */
function catchUp(draft: Draft): void {
  const view = reachedView(draft.state)
  if (view > draft.state.view) startView(draft, view)
}

/** L49: a quorum of precommits for one base in one view is final. */
function decide(draft: Draft): boolean {
  const { state, effects } = draft
  if (state.phase === 'adopt') return true
  for (const view of state.precommits.keys()) {
    const votes = finalVotes(state, view)
    const base = votes[0]?.message.base
    if (!base) continue
    enterPhase(draft, 'adopt')
    effects.push({ type: 'decided', base, view, certificate: certify(votes, state.network.quorum) })
    return true
  }
  return false
}

function finalVotes(state: RoundState, view: number): readonly Signed<Precommit>[] {
  const votes = state.precommits.get(view)
  if (!votes || votes.size < state.network.quorum) return []
  for (const { message } of votes.values()) {
    if (message.base === null || !hasQuorum(state, 'precommit/1', view, message.base)) continue
    return votesFor(state, 'precommit/1', view, message.base).flatMap((vote) =>
      vote.message.kind === 'precommit/1' ? [{ ...vote, message: vote.message }] : [],
    )
  }
  return []
}

function castPrevote(draft: Draft, base: CID | null, reason: string | null): void {
  const { round, view } = draft.state
  enterPhase(draft, 'prevote')
  say(draft, { kind: 'prevote/1', round, view, base }, { reason })
}

function castPrecommit(draft: Draft, base: CID | null, why: Parameters<typeof say>[2]): void {
  const { round, view } = draft.state
  enterPhase(draft, 'precommit')
  say(draft, { kind: 'precommit/1', round, view, base }, why)
}
