import type { CID } from 'multiformats/cid'
import { certify } from '../../protocols/round/certificate.ts'
import type { Precommit, Prevote, Proposal } from '../../protocols/round/messages.ts'
import { equalCids, toHex } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { type Draft, enterPhase, say, setTimer } from './draft.ts'
import { propose } from './propose.ts'
import type { RoundState } from './state.ts'
import { validityOf } from './validity.ts'

/** The rules of "The latest gossip on BFT consensus", algorithm 1; its heights are our rounds, its rounds our views. */

type Votes<V> = Map<number, Map<string, V>>

export function startView(draft: Draft, view: number): void {
  const { state, effects } = draft
  state.view = view
  enterPhase(draft, 'propose')
  effects.push({ type: 'entered-view', view, aggregator: aggregatorOf(state.rank, view) })
  setTimer(draft, 'propose')
  propose(draft)
}

/** Fires every rule that holds now, until none does. */
export function applyRules(draft: Draft): void {
  const { state } = draft
  for (;;) {
    const before = `${state.phase}/${state.view}/${state.said.size}`
    if (decide(draft) || state.self === null) return
    catchUp(draft)
    if (state.view >= 0) {
      propose(draft)
      prevoteProposal(draft)
      precommitProposal(draft)
      waitForVotes(draft)
    }
    if (`${state.phase}/${state.view}/${state.said.size}` === before) return
  }
}

/** A timer of the current view ran out. */
export function onTimeout(draft: Draft, kind: string): void {
  const { state } = draft
  if (kind === 'propose' && state.phase === 'propose') castPrevote(draft, null, 'no-proposal-in-time')
  if (kind === 'prevote' && state.phase === 'prevote') castPrecommit(draft, null, 'no-quorum-of-prevotes')
  if (kind === 'precommit' && state.phase !== 'adopt') startView(draft, state.view + 1)
}

/** L28 and L22: prevotes what our own fusion reproduces, unless locked on something else. */
function prevoteProposal(draft: Draft): void {
  const { state } = draft
  const proposal = state.proposals.get(state.view)
  if (state.phase !== 'propose' || !proposal) return
  const { base, validView } = proposal.message
  if (validView !== null && count(state.prevotes, validView, base) < state.network.quorum) return
  const validity = validityOf(draft, proposal)
  if (validity.is === 'pending') return
  const mayVote = state.locked === null || equalCids(state.locked.base, base) || state.locked.view <= (validView ?? -1)
  if (validity.is === 'valid' && mayVote) castPrevote(draft, base, null)
  else castPrevote(draft, null, validity.is === 'invalid' ? validity.reason : 'locked-on-another-base')
}

/** L36: a quorum of prevotes for a valid proposal of this view locks it. L44: a quorum for nil does not. */
function precommitProposal(draft: Draft): void {
  const { state } = draft
  if (state.phase !== 'prevote' && state.phase !== 'precommit') return
  const proposal = state.proposals.get(state.view)
  const base = proposal?.message.base ?? null
  const isCarried = state.valid?.view === state.view
  if (proposal && base && !isCarried && count(state.prevotes, state.view, base) >= state.network.quorum) {
    if (validityOf(draft, proposal).is !== 'valid') return
    const carried = { view: state.view, base, lineage: proposal.message.lineage }
    state.valid = carried
    if (state.phase === 'prevote') {
      state.locked = { view: state.view, base }
      castPrecommit(draft, base, null)
    }
    return
  }
  if (state.phase === 'prevote' && count(state.prevotes, state.view, null) >= state.network.quorum) {
    castPrecommit(draft, null, 'quorum-of-nil')
  }
}

/** L34 and L47: a quorum voted, but not alike: wait a little for the rest. */
function waitForVotes(draft: Draft): void {
  const { state } = draft
  const { quorum } = state.network
  if (state.phase === 'prevote' && size(state.prevotes, state.view) >= quorum) setTimer(draft, 'prevote')
  if (size(state.precommits, state.view) < quorum) return
  if (count(state.precommits, state.view, null) >= quorum) startView(draft, state.view + 1)
  else setTimer(draft, 'precommit')
}

/** L55: f + 1 members are in a later view, so an honest one is. */
function catchUp(draft: Draft): void {
  const { state } = draft
  const later = new Map<number, Set<string>>()
  const note = (view: number, author: Uint8Array) => {
    if (view > state.view) later.set(view, (later.get(view) ?? new Set()).add(toHex(author)))
  }
  for (const votes of [...state.prevotes.values(), ...state.precommits.values()]) {
    for (const { message } of votes.values()) note(message.view, message.author)
  }
  for (const { message } of state.proposals.values()) note(message.view, message.author)
  const views = [...later].filter(([, authors]) => authors.size >= state.network.threshold).map(([view]) => view)
  if (views.length > 0) startView(draft, Math.max(...views))
}

/** L49: a quorum of precommits for one base in one view is final. */
function decide({ state, effects, now }: Draft): boolean {
  if (state.phase === 'adopt') return true
  for (const [view, votes] of state.precommits) {
    const base = quorumBase(votes, state.network.quorum)
    if (!base) continue
    const alike = [...votes.values()].filter(({ message }) => equalCids(message.base, base))
    enterPhase({ state, effects, now }, 'adopt')
    effects.push({ type: 'decided', base, view, certificate: certify(alike, state.network.quorum) })
    return true
  }
  return false
}

function castPrevote(draft: Draft, base: CID | null, reason: string | null): void {
  const { round, view } = draft.state
  enterPhase(draft, 'prevote')
  say(draft, { kind: 'prevote/1', round, view, base }, { reason })
}

function castPrecommit(draft: Draft, base: CID | null, reason: string | null): void {
  const { round, view } = draft.state
  enterPhase(draft, 'precommit')
  say(draft, { kind: 'precommit/1', round, view, base }, { reason })
}

/** Stores a vote or proposal; returns the one it contradicts, if any. The first one counts. */
export function takeVote(
  state: RoundState,
  signed: Signed<Proposal | Prevote | Precommit>,
): Signed<Proposal | Prevote | Precommit> | null {
  const { message } = signed
  if (message.kind === 'proposal/1') return keepFirst(state.proposals, message.view, { ...signed, message })
  if (message.kind === 'prevote/1') return keepVote(state.prevotes, { ...signed, message })
  return keepVote(state.precommits, { ...signed, message })
}

function keepVote<V extends Prevote | Precommit>(votes: Votes<Signed<V>>, signed: Signed<V>): Signed<V> | null {
  const { view, author } = signed.message
  const byAuthor = votes.get(view) ?? new Map<string, Signed<V>>()
  votes.set(view, byAuthor)
  return keepFirst(byAuthor, toHex(author), signed)
}

function keepFirst<K, T>(map: Map<K, Signed<T>>, key: K, signed: Signed<T>): Signed<T> | null {
  const first = map.get(key)
  if (!first) map.set(key, signed)
  return first && !equalCids(first.id, signed.id) ? first : null
}

function size<V>(votes: Votes<V>, view: number): number {
  return votes.get(view)?.size ?? 0
}

/** Votes of a view for exactly this base, or for nil. */
export function count(votes: Votes<Signed<Prevote | Precommit>>, view: number, base: CID | null): number {
  return [...(votes.get(view)?.values() ?? [])].filter(({ message }) => equalCids(message.base, base)).length
}

function quorumBase(votes: Map<string, Signed<Precommit>>, quorum: number): CID | null {
  for (const { message } of votes.values()) {
    const alike = [...votes.values()].filter((vote) => equalCids(vote.message.base, message.base)).length
    if (message.base && alike >= quorum) return message.base
  }
  return null
}
