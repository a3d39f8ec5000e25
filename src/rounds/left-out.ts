import type { OpenedLineage } from '../../protocols/lineage/rules.ts'
import { selectAmong, UNAVAILABLE } from './collect.ts'
import { isDrawnOut } from './drawn-out.ts'
import type { ContributionEntry, RoundState, SignedContribution } from './state.ts'

/** Trained from a base that the round went back from. */
export const ROLLED_BACK = 'rolled-back'

export interface LeftOut {
  readonly entry: ContributionEntry
  readonly reason: string
}

/**
 * Why each contribution that we know is not in the base that ended the round: what its lineage says, else what kept it off
 * our list. What was refused before has its reason already; an empty round leaves all to the next, and a rollback nothing.
 */
export function leftOut(state: RoundState, opened: OpenedLineage<SignedContribution>): readonly LeftOut[] {
  const entries = [...state.contributions.values()]
  const onTheWay = entries.filter((entry) => entry.state === 'fetching')
  if (opened.isEmpty) return onTheWay.map((entry) => ({ entry, reason: UNAVAILABLE }))
  if (opened.rollback !== null)
    return entries.filter(({ state }) => state !== 'refused').map((entry) => ({ entry, reason: ROLLED_BACK }))
  const inputs = new Set(opened.inputs.map(({ id }) => String(id)))
  const excluded = new Map(opened.excluded.map(({ contribution, reason }) => [String(contribution.id), reason]))
  const ownReasons = reasonsOf(state, opened)
  return entries.flatMap((entry) => {
    const id = String(entry.contribution.id)
    if (inputs.has(id) || entry.state === 'refused') return []
    const reason = excluded.get(id) ?? ownReasons.get(id) ?? fallbackFor(state, entry, opened)
    return reason === null ? [] : [{ entry, reason }]
  })
}

/** What the choice of inputs would say if everybody listed all that we hold or could have asked for, the inputs more often. */
function reasonsOf(state: RoundState, { inputs }: OpenedLineage<SignedContribution>): ReadonlyMap<string, string> {
  const possible = [...state.contributions.values()].filter((entry) => entry.state !== 'refused')
  const { excluded } = selectAmong(
    state,
    possible,
    inputs.map(({ id }) => id),
  )
  return new Map(excluded.map(({ candidate, reason }) => [String(candidate.id), reason]))
}

/** Drawn out; held, and listed by too few in time; on its way; or never asked for. Who only follows asks for nothing. */
function fallbackFor(
  state: RoundState,
  entry: ContributionEntry,
  { inputs }: OpenedLineage<SignedContribution>,
): string | null {
  const { id: network, terms } = state.network
  const { maxContributions } = terms.round
  if (isDrawnOut({ network, round: state.round, maxContributions }, inputs, entry.contribution.author)) return 'lottery'
  if (entry.state === 'held') return 'not-listed'
  if (entry.state === 'fetching') return UNAVAILABLE
  return state.self === null ? null : 'not-fetched'
}
