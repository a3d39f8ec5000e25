import type { RoundMessage } from '../../protocols/round/rules.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect, Saying } from './events.ts'
import type { Phase, RoundState } from './state.ts'
import { stepTimeoutMs, timerName } from './timeouts.ts'

/** One step in the making: a private copy of the state, and what it wants done. */
export interface Draft {
  readonly state: RoundState
  readonly effects: RoundEffect[]
  readonly now: number
}

export function openDraft(state: RoundState, now: number): Draft {
  const copy: RoundState = {
    ...state,
    contributions: new Map(state.contributions),
    unseen: new Map(state.unseen),
    lists: new Map(state.lists),
    proposals: new Map(state.proposals),
    prevotes: copyVotes(state.prevotes),
    precommits: copyVotes(state.precommits),
    lineages: new Map(state.lineages),
    builds: new Map(state.builds),
    said: new Set(state.said),
    timers: new Set(state.timers),
    known: new Set(state.known),
  }
  return { state: copy, effects: [], now }
}

function copyVotes<V>(votes: Map<number, Map<string, V>>): Map<number, Map<string, V>> {
  return new Map([...votes].map(([view, byAuthor]) => [view, new Map(byAuthor)]))
}

/** Says a thing once: a slot that was ever used stays used, across restarts too. */
export function say(
  { state, effects }: Draft,
  saying: Saying,
  { reason = null, proof = [] }: { reason?: string | null; proof?: readonly Signed<RoundMessage>[] } = {},
): void {
  if (state.self === null) return
  const slot = slotOf(saying)
  if (state.said.has(slot)) return
  state.said.add(slot)
  effects.push({ type: 'say', saying, reason, proof })
}

/** One message a slot: what would contradict each other shares one. */
export function slotOf(saying: Saying): string {
  return saying.kind === 'list/1' ? `list/${saying.seq}` : `${saying.kind}/${saying.view}`
}

export function hasSaid(state: RoundState, slot: string): boolean {
  return state.said.has(slot)
}

/** Sets a timer of the current view once. */
export function setTimer(
  { state, effects, now }: Draft,
  kind: 'collect' | 'grace' | 'propose' | 'prevote' | 'precommit',
  delayMs = stepTimeoutMs(state, state.view),
): void {
  const name = timerName(state, kind)
  if (state.timers.has(name)) return
  state.timers.add(name)
  state.phaseUntil = now + delayMs
  effects.push({ type: 'timer', name, delayMs })
}

export function enterPhase({ state, now }: Draft, phase: Phase): void {
  state.phase = phase
  state.phaseSince = now
  state.phaseUntil = null
}

export function isSelf(state: RoundState, key: Uint8Array): boolean {
  return state.self !== null && toHex(state.self) === toHex(key)
}
