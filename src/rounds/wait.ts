import { toHex } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import { countInputs, held } from './collect.ts'
import type { RoundState } from './state.ts'

/** What a round waits for: for a person, and for tests. Times are of the monotonic clock. */
export interface RoundWait {
  readonly what:
    | 'contributions'
    | 'collect'
    | 'grace'
    | 'lists'
    | 'inputs'
    | 'proposal'
    | 'prevotes'
    | 'precommits'
    | 'base'
  readonly have: number
  readonly need: number
  /** Names of members, or ids of contributions. */
  readonly missing: readonly string[]
  readonly since: number
  readonly until: number | null
}

export function describeWait(state: RoundState): RoundWait {
  const wait = { since: state.phaseSince, until: state.phaseUntil }
  const { quorum, genesis } = state.network
  switch (state.phase) {
    case 'collect':
      return { ...wait, ...describeCollect(state, genesis.round.minContributions, quorum) }
    case 'propose':
      return { ...wait, ...describeProposal(state) }
    case 'prevote':
      return { ...wait, what: 'prevotes', ...voters(state, state.prevotes.get(state.view), quorum) }
    case 'precommit':
      return { ...wait, what: 'precommits', ...voters(state, state.precommits.get(state.view), quorum) }
    case 'adopt':
      return { ...wait, what: 'base', have: 0, need: 1, missing: [] }
  }
}

type Facts = Pick<RoundWait, 'what' | 'have' | 'need' | 'missing'>

function describeCollect(state: RoundState, minContributions: number, quorum: number): Facts {
  const all = [...state.contributions.values()]
  const have = state.self === null ? all.length : countInputs(state, held(state))
  const missing = all.filter((entry) => entry.state === 'fetching').map((entry) => String(entry.contribution.id))
  const hasListed = state.self === null ? state.lists.size > 0 : state.lists.has(toHex(state.self))
  if (hasListed) return { what: 'lists', ...voters(state, state.lists, quorum) }
  if (have < minContributions) return { what: 'contributions', have, need: minContributions, missing }
  return { what: state.isGraceStarted ? 'grace' : 'collect', have, need: minContributions, missing }
}

function describeProposal(state: RoundState): Facts {
  const proposal = state.proposals.get(state.view)
  const aggregator = state.network.nameOf(aggregatorOf(state.rank, state.view))
  if (!proposal) return { what: 'proposal', have: 0, need: 1, missing: [aggregator] }
  const missing = [...state.contributions.values()]
    .filter((entry) => entry.state === 'fetching')
    .map((entry) => String(entry.contribution.id))
  return { what: 'inputs', have: state.contributions.size - missing.length, need: state.contributions.size, missing }
}

function voters(state: RoundState, votes: ReadonlyMap<string, unknown> | undefined, need: number): Omit<Facts, 'what'> {
  const missing = state.network.members.filter((key) => !votes?.has(toHex(key))).map(state.network.nameOf)
  return { have: votes?.size ?? 0, need, missing }
}
