import type { CID } from 'multiformats/cid'
import { eligibleIds, type Selection, selectInputs } from '../../protocols/lineage/pipeline.ts'
import type { InclusionList } from '../../protocols/round/messages.ts'
import { compareBytes, toHex } from '../../protocols/wire/bytes.ts'
import { hashParts } from '../../protocols/wire/crypto.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { BuildSpec, RoundState, SignedContribution } from './state.ts'
import { lineageView } from './views.ts'

/** Committees up to this size try every quorum of lists; larger ones a window over the best. */
const MAX_EXHAUSTIVE = 10

/** Equal specs have equal keys. */
export function specKey(spec: BuildSpec): string {
  return toHex(
    hashParts(
      'spec',
      spec.round,
      spec.parent.base.bytes,
      spec.parentCertificate ?? '',
      ...spec.lists,
      'inputs',
      ...spec.inputs.map((input) => input.signed.envelope),
      'excluded',
      ...spec.excluded.flatMap(({ contribution, reason }) => [contribution.signed.envelope, reason]),
      'amendment',
      spec.amendment ?? '',
    ),
  )
}

/** What these lists make of these contributions, which include all that are eligible. */
export function specOf(
  state: RoundState,
  lists: readonly Signed<InclusionList>[],
  known: readonly SignedContribution[],
): BuildSpec {
  const listed = lists.map(({ message }) => message.contributions)
  const eligible = new Set(eligibleIds(listed, state.network.threshold).map(String))
  const candidates = known.filter(({ id }) => eligible.has(String(id)))
  const selection = selectInputs(candidates, { ...lineageView(state.head), lists: listed })
  return quoting(state, lists, withContributions(selection, candidates))
}

function quoting(
  state: RoundState,
  lists: readonly Signed<InclusionList>[],
  selection: SelectedContributions,
): BuildSpec {
  const quoted = [...lists].sort((a, b) => compareBytes(a.message.author, b.message.author))
  return {
    round: state.round,
    parent: state.head,
    parentCertificate: state.head.certificate,
    lists: quoted.map((list) => list.envelope),
    ...(state.rollback === null ? selection : { inputs: [], excluded: [] }),
    amendment: state.ratification,
    rollback: state.rollback,
  }
}

type SelectedContributions = Pick<BuildSpec, 'inputs' | 'excluded'>

/** SPEC 9.6: a base without inputs, with the weights of its parent or of where it rolls back to; null before there is a quorum of lists. */
export function emptySpec(state: RoundState): BuildSpec | null {
  const lists = bestLists(state).slice(0, state.network.quorum)
  return lists.length < state.network.quorum ? null : quoting(state, lists, { inputs: [], excluded: [] })
}

/** The first quorum of lists whose inputs we hold, enough of them; the last view's quorum if there was one. */
export function chooseSpec(state: RoundState): BuildSpec | null {
  const last = lastSpec(state)
  if (last) return last
  for (const lists of quorums(bestLists(state), state.network.quorum)) {
    const eligible = eligibleContributions(state, lists)
    const spec = eligible && specOf(state, lists, eligible)
    const isHeld = spec?.inputs.every(({ id }) => state.contributions.get(String(id))?.state === 'held')
    if (spec && isHeld && spec.inputs.length >= state.network.terms.round.minContributions) return spec
  }
  return null
}

/** What an aggregator before us proposed, if we could build it: then the work is not done twice. */
function lastSpec(state: RoundState): BuildSpec | null {
  for (let view = state.view - 1; view >= 0; view--) {
    const proposed = state.proposals.get(view)
    const lineage = proposed && state.lineages.get(String(proposed.message.lineage))
    if (lineage?.state === 'open' && !lineage.opened.isEmpty && state.builds.get(lineage.key)?.state === 'built') {
      return lineage.spec
    }
  }
  return null
}

/** Contributions that the chosen lists make eligible; null while we miss one of them. */
function eligibleContributions(
  state: RoundState,
  lists: readonly Signed<InclusionList>[],
): readonly SignedContribution[] | null {
  const ids = eligibleIds(
    lists.map(({ message }) => message.contributions),
    state.network.threshold,
  )
  const entries = ids.map((id) => state.contributions.get(String(id)))
  const found = entries.flatMap((entry) => (entry ? [entry.contribution] : []))
  return found.length === ids.length ? found : null
}

function withContributions(selection: Selection, all: readonly SignedContribution[]): SelectedContributions {
  const byId = new Map(all.map((contribution) => [String(contribution.id), contribution]))
  const find = (id: CID) => {
    const found = byId.get(String(id))
    if (!found) throw new Error('the pipeline returns what it was given')
    return found
  }
  return {
    inputs: selection.inputs.map(({ id }) => find(id)),
    excluded: selection.excluded.map(({ candidate, reason }) => ({ contribution: find(candidate.id), reason })),
  }
}

/** Longest lists first, then in the order of the round's rank. */
function bestLists(state: RoundState): readonly Signed<InclusionList>[] {
  const rank = new Map(state.rank.map((key, i) => [toHex(key), i]))
  const rankOf = (list: Signed<InclusionList>) => rank.get(toHex(list.message.author)) ?? 0
  return [...state.lists.values()].sort(
    (a, b) => b.message.contributions.length - a.message.contributions.length || rankOf(a) - rankOf(b),
  )
}

function* quorums<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  if (items.length < size) return
  if (items.length > MAX_EXHAUSTIVE) {
    for (let start = 0; start + size <= items.length; start++) yield items.slice(start, start + size)
    return
  }
  if (size === 0) {
    yield []
    return
  }
  for (let i = 0; i + size <= items.length; i++) {
    for (const rest of quorums(items.slice(i + 1), size - 1)) yield [...items.slice(i, i + 1), ...rest]
  }
}
