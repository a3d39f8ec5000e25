import { rankCommittee, roundSeed } from '../../protocols/wire/election.ts'
import { fetchCheckpoints, leftOver, takeCheckpoint } from './collect.ts'
import { type Draft, openDraft, setTimer } from './draft.ts'
import type { RoundEffect, RoundEvent } from './events.ts'
import { publishList } from './lists.ts'
import { takeLineage } from './propose.ts'
import { receive } from './receive.ts'
import { restore } from './restore.ts'
import { rollbackOf } from './rollback.ts'
import type { Head, RoundState } from './state.ts'
import { timerName } from './timeouts.ts'
import { applyRules, onTimeout, startView } from './vote.ts'

/**
 * A round that begins at `head`. `self` is the member that speaks here, or null to follow only. `previous` is the round
 * before, if this peer ran it: what contributions it had left counts again after an empty round.
 */
export function createRound(options: {
  readonly head: Head
  readonly self: Uint8Array | null
  readonly now: number
  readonly previous?: RoundState
}): RoundState {
  const { head, now } = options
  const network = head.regime.current
  const round = head.round + 1
  const contributions = options.previous ? leftOver(options.previous, head) : []
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
    isGainOver: false,
    contributions: new Map(contributions),
    listers: new Map(),
    lists: new Map(),
    listed: new Map(),
    doubleLists: new Map(),
    proposals: new Map(),
    prevotes: new Map(),
    precommits: new Map(),
    doubles: new Map(),
    reached: new Map(),
    accused: new Set(),
    lineages: new Map(),
    builds: new Map(),
    gates: new Map(),
    blamed: new Set(contributions.map(([id]) => id).filter((id) => options.previous?.blamed.has(id))),
    ratification: null,
    rollback: null,
    choice: null,
    locked: null,
    valid: null,
    said: new Set(),
    timers: new Set(),
    known: new Set(contributions.map(([id]) => id)),
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
  if (event.type !== 'restored') settle(draft)
  return { state: draft.state, effects: draft.effects }
}

/** Does what can be done now, until nothing more can. */
function settle(draft: Draft): void {
  const { state } = draft
  for (;;) {
    const before = progressOf(state)
    publishList(draft)
    fetchCheckpoints(draft)
    startFirstView(draft)
    applyRules(draft)
    if (progressOf(state) === before) return
  }
}

function progressOf({ phase, view, said, valid }: RoundState): string {
  return `${phase}/${view}/${said.size}/${valid?.view}`
}

function apply(draft: Draft, event: RoundEvent): void {
  const { state } = draft
  switch (event.type) {
    case 'started':
      if (state.self !== null) setTimer(draft, 'collect', state.network.terms.round.collectMs)
      return
    case 'received':
      receive(draft, event.signed)
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
      state.builds.set(event.key, { state: 'failed', reason: event.reason, view: state.view })
      return
    case 'ratified':
      takeRatification(state, event.ratification)
      return
    case 'gate-judged':
      state.gates.set(String(event.base), { state: 'judged', reason: event.reason })
      return
    case 'gate-blamed':
      state.blamed.add(String(event.id))
      return
    case 'timer':
      onTimer(draft, event.name)
      return
  }
}

/** One that rolls back to a base which this head does not know is none of this round's. */
function takeRatification(state: RoundState, ratification: Uint8Array): void {
  const rollback = rollbackOf(state.head, ratification)
  if (rollback === undefined) return
  state.ratification = ratification
  state.rollback = rollback
}

function onTimer(draft: Draft, name: string): void {
  const { state } = draft
  if (name === timerName(state, 'collect')) state.isCollectOver = true
  if (name === timerName(state, 'grace')) state.isGraceOver = true
  if (name === timerName(state, 'gain')) state.isGainOver = true
  if (state.view < 0) return
  for (const kind of ['propose', 'prevote', 'precommit'] as const) {
    if (name !== timerName(state, kind)) continue
    onTimeout(draft, kind)
    return
  }
}

/** View 0 starts at a quorum of lists. */
function startFirstView(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase !== 'collect') return
  if (state.lists.size >= state.network.quorum) startView(draft, 0)
}
