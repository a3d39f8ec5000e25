import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { Precommit, Prevote, Proposal } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { rankCommittee, roundSeed } from '../../protocols/wire/election.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { publishList, takeCheckpoint, takeContribution, takeList } from './collect.ts'
import { type Draft, enterPhase, openDraft, setTimer, slotOf } from './draft.ts'
import type { RoundEffect, RoundEvent } from './events.ts'
import type { NetworkFacts } from './network.ts'
import { takeLineage } from './propose.ts'
import type { Head, RoundState } from './state.ts'
import { timerName } from './timeouts.ts'
import { asRoundMessage, isContribution } from './views.ts'
import { applyRules, onTimeout, startView, takeVote } from './vote.ts'

/** A round that begins at `head`. `self` is the member that speaks here, or null to follow only. */
export function createRound(options: {
  readonly network: NetworkFacts
  readonly head: Head
  readonly self: Uint8Array | null
  readonly now: number
}): RoundState {
  const { network, head, now } = options
  const round = head.round + 1
  const isSpeaking = options.self !== null && network.isMember(options.self)
  return {
    network,
    self: isSpeaking ? options.self : null,
    head,
    round,
    rank: rankCommittee(network.members, roundSeed(network.id, round)),
    emptyBefore: countEmpty(head),
    phase: 'collect',
    view: -1,
    phaseSince: now,
    phaseUntil: null,
    isCollectOver: false,
    isGraceOver: false,
    isGraceStarted: false,
    contributions: new Map(),
    unseen: new Map(),
    lists: new Map(),
    proposals: new Map(),
    prevotes: new Map(),
    precommits: new Map(),
    lineages: new Map(),
    builds: new Map(),
    locked: null,
    valid: null,
    said: new Set(),
    timers: new Set(),
    known: new Set(),
  }
}

function countEmpty(head: Head): number {
  const firstFull = head.history.findIndex((ancestor) => !ancestor.isEmpty)
  return firstFull < 0 ? head.history.length : firstFull
}

/** The whole of a round: no clock, no randomness, no I/O. The given state is not changed. */
export function reduce(state: RoundState, event: RoundEvent): { state: RoundState; effects: readonly RoundEffect[] } {
  const draft = openDraft(state, event.now)
  apply(draft, event)
  if (event.type !== 'restored') {
    publishList(draft)
    startFirstView(draft)
    applyRules(draft)
  }
  return draft
}

function apply(draft: Draft, event: RoundEvent): void {
  const { state } = draft
  switch (event.type) {
    case 'started':
      if (state.self !== null) setTimer(draft, 'collect', state.network.genesis.round.collectMs)
      return
    case 'received':
      take(draft, event.signed)
      return
    case 'restored':
      restore(draft, event.signed)
      return
    case 'checkpoint':
      takeCheckpoint(draft, event.id, event.reason)
      return
    case 'lineage':
      takeLineage(draft, event.cid, event.bytes)
      return
    case 'built':
      state.builds.set(event.key, { state: 'built', base: event.base, lineage: event.lineage })
      return
    case 'build-failed':
      state.builds.set(event.key, { state: 'failed', reason: event.reason })
      return
    case 'timer':
      onTimer(draft, event.name)
      return
  }
}

function take(draft: Draft, signed: Signed<Contribution | RoundMessage>): void {
  const { state, effects } = draft
  if (isContribution(signed)) {
    takeContribution(draft, signed)
    return
  }
  const message = asRoundMessage(signed)
  state.known.add(String(message.id))
  if (message.message.kind === 'list/1') {
    takeList(draft, { ...message, message: message.message })
    return
  }
  const first = takeVote(state, voteOf(message))
  if (first) effects.push({ type: 'evidence', first, second: message })
}

function voteOf(signed: Signed<RoundMessage>): Signed<Proposal | Prevote | Precommit> {
  const { message } = signed
  if (message.kind === 'list/1') throw new Error('a list is no vote')
  return { ...signed, message }
}

function onTimer(draft: Draft, name: string): void {
  const { state } = draft
  const kind = name.split('/')[1] ?? ''
  if (kind === 'collect' && name.startsWith(`${state.round}/`)) state.isCollectOver = true
  else if (kind === 'grace' && name.startsWith(`${state.round}/`)) state.isGraceOver = true
  else if (state.view >= 0 && name === timerName(state, kindOf(kind))) onTimeout(draft, kind)
}

function kindOf(kind: string): 'propose' | 'prevote' | 'precommit' {
  return kind === 'propose' || kind === 'prevote' ? kind : 'precommit'
}

/** View 0 starts at a quorum of lists. */
function startFirstView(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase !== 'collect' || state.view >= 0) return
  if (state.lists.size >= state.network.quorum) startView(draft, 0)
}

/** After a restart: what this key said before is said, the lock holds, and the view goes on where it was. */
function restore(draft: Draft, signed: readonly Signed<RoundMessage>[]): void {
  const { state } = draft
  for (const own of signed) {
    if (own.message.round !== state.round) continue
    state.said.add(slotOf(own.message))
    take(draft, own)
    if (own.message.kind !== 'list/1') state.view = Math.max(state.view, own.message.view)
  }
  if (state.view < 0) return
  const said = (kind: string) => state.said.has(`${kind}/${state.view}`)
  enterPhase(draft, said('precommit/1') ? 'precommit' : said('prevote/1') ? 'prevote' : 'propose')
  for (const { message } of signed) {
    if (message.kind !== 'precommit/1' || message.round !== state.round || message.base === null) continue
    if (state.locked === null || message.view > state.locked.view) restoreLock(state, message)
  }
  // The timer of the step we were in: what is missing by then is given up, not waited for.
  if (state.phase !== 'adopt') setTimer(draft, state.phase === 'collect' ? 'collect' : state.phase)
}

function restoreLock(state: RoundState, { view, base }: Precommit): void {
  const proposal = state.proposals.get(view)
  if (!base) return
  state.locked = { view, base }
  // Another member's proposal is not in our journal: then sync brings it, with the prevotes that carry it.
  if (proposal) state.valid = { view, base, lineage: proposal.message.lineage }
}
