import { toHex } from '../../../protocols/wire/bytes.ts'
import type { RoundEffect } from '../../../src/rounds/events.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import type { RoundState } from '../../../src/rounds/state.ts'
import type { Machine } from './world.ts'

/** Machines with one rule missing: what the simulator must catch, or it proves nothing. */

/** Forgets what it precommitted. */
export const WITHOUT_LOCK: Machine = {
  createRound,
  reduce: (state, event) => {
    const step = reduce(state, event)
    return { ...step, state: { ...step.state, locked: null } }
  },
}

/** Starts with an empty memory after a crash, as if there were no journal. */
export const WITHOUT_JOURNAL: Machine = {
  createRound,
  reduce: (state, event) => (event.type === 'restored' ? { state, effects: [] } : reduce(state, event)),
}

/** Writes what it says into its journal, and nothing that shows why. */
export const WITHOUT_PROOF: Machine = {
  createRound,
  reduce: (state, event) => {
    const step = reduce(state, event)
    const effects = step.effects.map((effect) => (effect.type === 'say' ? { ...effect, proof: [] } : effect))
    return { ...step, effects }
  },
}

/** Believes the first thing that a member says, and forgets what it says besides. */
export const FIRST_WORD_ONLY: Machine = {
  createRound,
  reduce: (state, event) => {
    const step = reduce(state, event)
    return { ...step, state: { ...step.state, doubles: new Map() } }
  },
}

/**
 * One phase: a vote for a proposal is final once a quorum gave it, and the next view begins without a look back.
 * Two quorums in two views are then two certificates.
 */
export const SINGLE_PHASE: Machine = {
  createRound,
  reduce: (state, event) => {
    const step = reduce(state, event)
    const effects = step.effects.flatMap((effect) => finalAtOnce(effect, step.state))
    return { effects, state: { ...step.state, locked: null, valid: null } }
  },
}

function finalAtOnce(effect: RoundEffect, state: RoundState): readonly RoundEffect[] {
  if (effect.type !== 'say') return [effect]
  const { saying } = effect
  if (saying.kind === 'prevote/1' && saying.base !== null) {
    return [effect, { ...effect, saying: { ...saying, kind: 'precommit/1' } }]
  }
  if (saying.kind !== 'precommit/1') return [effect]
  const own = state.prevotes.get(saying.view)?.get(toHex(state.self ?? new Uint8Array()))
  return own?.message.base ? [] : [effect]
}
