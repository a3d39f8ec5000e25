import { equalCids, toHex } from '../../../protocols/wire/bytes.ts'
import type { RoundEffect } from '../../../src/rounds/events.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import type { RoundState } from '../../../src/rounds/state.ts'
import type { Core, Machine } from '../machine.ts'

type Reduce = typeof reduce

/** A machine that does this to each step of the real one. */
const stepping = (change: (...args: Parameters<Reduce>) => ReturnType<Reduce>): Core => ({
  createRound,
  reduce: change,
})

/** Forgets what it precommitted. */
export const WITHOUT_LOCK = stepping((state, event) => {
  const step = reduce(state, event)
  return { ...step, state: { ...step.state, locked: null } }
})

/** Any prevote for something else in a later view frees it. */
export const UNLOCKED_BY_ONE_PREVOTE = stepping((state, event) => {
  const { locked } = state
  const isFreed =
    locked !== null &&
    [...state.prevotes].some(
      ([view, votes]) =>
        view > locked.view &&
        [...votes.values()].some(({ message }) => message.base !== null && !equalCids(message.base, locked.base)),
    )
  return reduce(isFreed ? { ...state, locked: null } : state, event)
})

/** Believes a proposer that says what view its value is carried from, without the quorum of prevotes that it claims. */
export const WITHOUT_VALID_VIEW_QUORUM = stepping((state, event) => {
  const proposal = state.proposals.get(state.view)
  const { locked } = state
  const claimed = proposal?.message.validView ?? null
  if (!proposal || claimed === null || (locked && locked.view > claimed)) return reduce(state, event)
  const believed = { ...proposal, message: { ...proposal.message, validView: null } }
  return reduce({ ...state, locked: null, proposals: new Map(state.proposals).set(state.view, believed) }, event)
})

/** Believes the first thing that a member says, and forgets what it says besides. */
export const FIRST_WORD_ONLY = stepping((state, event) => {
  const step = reduce(state, event)
  return { ...step, state: { ...step.state, doubles: new Map() } }
})

/** Starts with an empty memory after a crash, as if there were no journal. */
export const WITHOUT_JOURNAL = stepping((state, event) =>
  event.type === 'restored' ? { state, effects: [] } : reduce(state, event),
)

/** Reads after a crash what it said, and is bound by nothing. */
export const RESTORED_UNLOCKED = stepping((state, event) => {
  const step = reduce(state, event)
  return event.type === 'restored' ? { ...step, state: { ...step.state, locked: null } } : step
})

/** Writes what it says into its journal, and nothing that shows why. */
export const WITHOUT_PROOF = stepping((state, event) => {
  const step = reduce(state, event)
  const effects = step.effects.map((effect) => (effect.type === 'say' ? { ...effect, proof: [] } : effect))
  return { ...step, effects }
})

/**
 * One phase: a vote for a proposal is final once a quorum gave it, and the next view begins without a look back.
 * Two quorums in two views are then two certificates.
 */
export const SINGLE_PHASE = stepping((state, event) => {
  const step = reduce(state, event)
  const effects = step.effects.flatMap((effect) => finalAtOnce(effect, step.state))
  return { effects, state: { ...step.state, locked: null, valid: null } }
})

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

/** Counts messages: who says two things in a view is two voters. */
export const COUNTING_MESSAGES = stepping((state, event) => {
  const step = reduce(state, event)
  if (step.state.phase === 'adopt') return step
  return { ...step, effects: step.effects, state: withDoublesAsVoters(step.state) }
})

/** Whatever somebody says besides stands for a member that has not voted. */
function withDoublesAsVoters(state: RoundState): RoundState {
  const precommits = new Map(state.precommits)
  for (const doubles of state.doubles.values()) {
    for (const { message, ...signed } of doubles) {
      if (message.kind !== 'precommit/1') continue
      const votes = new Map(precommits.get(message.view))
      const silent = state.network.members.find((key) => !votes.has(toHex(key)))
      if (!silent) continue
      votes.set(toHex(silent), { ...signed, message })
      precommits.set(message.view, votes)
    }
  }
  return { ...state, precommits }
}

const withQuorum = (quorumOf: (n: number, f: number) => number): Partial<Machine> => ({
  facts: (facts) => ({ ...facts, quorum: quorumOf(facts.members.length, facts.threshold - 1) }),
})

/** Takes f + 1 votes for enough. */
export const QUORUM_OF_F_PLUS_1 = withQuorum((_, f) => f + 1)
export const QUORUM_OF_2F = withQuorum((n, f) => (f === 0 ? n : 2 * f))
/** A majority, as between those that trust each other. */
export const QUORUM_OF_A_MAJORITY = withQuorum((n) => Math.floor(n / 2) + 1)

/** Proposes again what a quorum prevoted, and does not say so: whoever is locked on something else is not freed by it. */
export const WITHOUT_CARRYING = stepping((state, event) => {
  const step = reduce(state, event)
  const effects = step.effects.map((effect) =>
    effect.type === 'say' && effect.saying.kind === 'proposal/1'
      ? { ...effect, saying: { ...effect.saying, validView: null } }
      : effect,
  )
  return { ...step, effects }
})

/** Does not remember in what views the others are. */
export const WITHOUT_CATCHING_UP = stepping((state, event) => {
  if (event.type !== 'received' || !('view' in event.signed.message)) return reduce(state, event)
  const step = reduce({ ...state, network: { ...state.network, threshold: Number.POSITIVE_INFINITY } }, event)
  return { ...step, state: { ...step.state, network: state.network } }
})

/** Throws when the prevotes of its view come after it has gone on. */
export const THROWING = stepping((state, event) => {
  const message = event.type === 'received' ? event.signed.message : null
  if (message?.kind === 'prevote/1' && message.view < state.view) throw new Error('a prevote of an earlier view')
  return reduce(state, event)
})

/** Waits for a proposal for ever. */
export const WITHOUT_PROPOSE_TIMEOUT = stepping((state, event) =>
  event.type === 'timer' && event.name.includes('/propose/') ? { state, effects: [] } : reduce(state, event),
)

/** Waits three times as long for a proposal as the network's rules say. */
export const SLOW_TIMEOUTS = stepping((state, event) => {
  const step = reduce(state, event)
  const effects = step.effects.map((effect) =>
    effect.type === 'timer' && effect.name.includes('/propose/') ? { ...effect, delayMs: 3 * effect.delayMs } : effect,
  )
  return { ...step, effects }
})

/** Takes what it said in the last round, and what came out late, for a word of this one. */
export const WORDS_OF_ANY_ROUND = stepping((state, event) => {
  if (event.type !== 'received' || event.signed.message.kind === 'contribution/1') return reduce(state, event)
  const { message, ...signed } = event.signed
  return reduce(state, { ...event, signed: { ...signed, message: { ...message, round: state.round } } })
})
