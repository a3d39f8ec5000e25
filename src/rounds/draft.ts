import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalBytes } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect, Saying } from './events.ts'
import type { Phase, RoundState } from './state.ts'
import { stepTimeoutMs, type TimerKind, timerName } from './timeouts.ts'

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
    listers: new Map(state.listers),
    lists: new Map(state.lists),
    listed: new Map(state.listed),
    doubleLists: new Map(state.doubleLists),
    proposals: new Map(state.proposals),
    prevotes: new Map(state.prevotes),
    precommits: new Map(state.precommits),
    doubles: new Map(state.doubles),
    reached: new Map(state.reached),
    accused: new Set(state.accused),
    lineages: new Map(state.lineages),
    builds: new Map(state.builds),
    gates: new Map(state.gates),
    blamed: new Set(state.blamed),
    said: new Set(state.said),
    timers: new Set(state.timers),
    known: new Set(state.known),
  }
  return { state: copy, effects: [], now }
}

/** Says a thing once: a slot that was ever used stays used, across restarts too. */
export function say(
  { state, effects }: Draft,
  saying: Saying,
  {
    reason = null,
    proof = [],
  }: { reason?: string | null; proof?: readonly Signed<Contribution | RoundMessage>[] } = {},
): void {
  if (state.self === null) return
  const slot = slotOf(saying)
  if (state.said.has(slot)) return
  state.said.add(slot)
  effects.push({ type: 'say', saying, reason, proof })
}

type Slotted =
  | { readonly kind: 'list/1'; readonly seq: number }
  | { readonly kind: 'proposal/1' | 'prevote/1' | 'precommit/1'; readonly view: number }

/** One message a slot: what would contradict each other shares one. */
export function slotOf(message: Slotted): string {
  return message.kind === 'list/1' ? `list/${message.seq}` : `${message.kind}/${message.view}`
}

export function hasSaid(state: RoundState, slot: string): boolean {
  return state.said.has(slot)
}

/** Sets a timer once. */
export function setTimer(draft: Draft, kind: TimerKind, delayMs = stepTimeoutMs(draft.state, draft.state.view)): void {
  const { state, effects, now } = draft
  const name = timerName(state, kind)
  if (state.timers.has(name)) return
  state.timers.add(name)
  if (kind === state.phase || (kind === 'grace' && state.phase === 'collect')) state.phaseUntil = now + delayMs
  effects.push({ type: 'timer', name, delayMs })
}

export function enterPhase({ state, now }: Draft, phase: Phase): void {
  state.phase = phase
  state.phaseSince = now
  state.phaseUntil = null
}

export function isSelf(state: RoundState, key: Uint8Array): boolean {
  return state.self !== null && equalBytes(state.self, key)
}
