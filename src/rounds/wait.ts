import { toHex } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import { held, isUnavailable, usefulAmong } from './collect.ts'
import { isSelf } from './draft.ts'
import { withoutBlamed } from './gate.ts'
import type { ContributionEntry, RoundState } from './state.ts'
import { reachedView } from './tally.ts'

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
  const facts = factsOf(state)
  // Once the window is over nothing but contributions ends it.
  const isOpenEnded = facts.what === 'contributions' && state.isCollectOver
  return { since: state.phaseSince, until: isOpenEnded ? null : state.phaseUntil, ...facts }
}

type Facts = Pick<RoundWait, 'what' | 'have' | 'need' | 'missing'>

function factsOf(state: RoundState): Facts {
  switch (state.phase) {
    case 'collect':
      return describeCollect(state)
    case 'propose':
      return describeProposal(state)
    case 'prevote':
      return { what: 'prevotes', ...voters(state, state.prevotes.get(state.view)) }
    case 'precommit':
      return { what: 'precommits', ...voters(state, state.precommits.get(state.view)) }
    case 'adopt':
      return { what: 'base', have: 0, need: 1, missing: [] }
  }
}

function describeCollect(state: RoundState): Facts {
  const { minContributions } = state.network.terms.round
  if (state.self === null) return describeFromOutside(state)
  if (state.lists.has(toHex(state.self))) return { what: 'lists', ...voters(state, state.lists) }
  const have = usefulAmong(state, withoutBlamed(state, held(state))).size
  const missing = idsOf([...state.contributions.values()].filter(isMissing))
  if (have < minContributions && state.ratification === null)
    return { what: 'contributions', have, need: minContributions, missing }
  return { what: state.isGraceStarted ? 'grace' : 'collect', have, need: minContributions, missing }
}

/** Who only follows sees what is said, and has no phase of its own. */
function describeFromOutside(state: RoundState): Facts {
  const { minContributions } = state.network.terms.round
  const view = reachedView(state)
  if (view >= 0) return { what: 'precommits', ...voters(state, state.precommits.get(view)) }
  if (state.lists.size > 0) return { what: 'lists', ...voters(state, state.lists) }
  return { what: 'contributions', have: state.contributions.size, need: minContributions, missing: [] }
}

function describeProposal(state: RoundState): Facts {
  const proposal = state.proposals.get(state.view)
  const aggregator = aggregatorOf(state.rank, state.view)
  const lineage = proposal && state.lineages.get(String(proposal.message.lineage))
  if (lineage?.state === 'open') {
    const inputs = lineage.spec.inputs.flatMap((input) => state.contributions.get(String(input.id)) ?? [])
    const missing = idsOf(inputs.filter(isMissing))
    return { what: 'inputs', have: inputs.length - missing.length, need: inputs.length, missing }
  }
  if (proposal || !isSelf(state, aggregator)) {
    return { what: 'proposal', have: 0, need: 1, missing: [state.network.nameOf(aggregator)] }
  }
  // It is our turn, and we can't: too few inputs are here.
  const listed = [...state.listers.keys()].flatMap((id) => state.contributions.get(id) ?? [])
  const need = state.network.terms.round.minContributions
  return { what: 'inputs', have: usefulAmong(state, held(state)).size, need, missing: idsOf(listed.filter(isMissing)) }
}

function isMissing(entry: ContributionEntry): boolean {
  return entry.state === 'fetching' || isUnavailable(entry)
}

const idsOf = (entries: readonly ContributionEntry[]) => entries.map((entry) => String(entry.contribution.id))

function voters(state: RoundState, votes: ReadonlyMap<string, unknown> | undefined): Omit<Facts, 'what'> {
  const { members, nameOf, quorum } = state.network
  const missing = members.filter((key) => !votes?.has(toHex(key))).map(nameOf)
  return { have: votes?.size ?? 0, need: quorum, missing }
}
