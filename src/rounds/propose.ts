import type { CID } from 'multiformats/cid'
import { isOpenedLineage, openLineage } from '../../protocols/lineage/rules.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../protocols/wire/election.ts'
import { noteLister, remember } from './collect.ts'
import { type Draft, hasSaid, isSelf, say } from './draft.ts'
import { chooseSpec, emptySpec, specKey } from './spec.ts'
import type { Build, BuildSpec, RoundState } from './state.ts'
import { lineageView } from './views.ts'

/** In our view: says a proposal as soon as there is one to say. */
export function propose(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase !== 'propose' || !isSelf(state, aggregatorOf(state.rank, state.view))) return
  if (hasSaid(state, `proposal/1/${state.view}`)) return
  const { round, view, valid } = state
  if (valid) {
    say(draft, { kind: 'proposal/1', round, view, validView: valid.view, lineage: valid.lineage, base: valid.base })
    return
  }
  const spec = choose(state)
  if (!spec) return
  const built = requestBuild(draft, spec)
  if (built?.state === 'built') {
    say(draft, { kind: 'proposal/1', round, view, validView: null, lineage: built.lineage, base: built.base })
  }
}

/** One choice a view: lists that grow while we build don't make us begin again. */
function choose(state: RoundState): BuildSpec | null {
  if (state.choice?.view === state.view) return state.choice.spec
  const hasNoInputs = state.rollback !== null || state.view >= state.network.terms.round.maxViews
  const spec = hasNoInputs ? emptySpec(state) : chooseSpec(state)
  if (spec) state.choice = { view: state.view, spec }
  return spec
}

/** Asks for a base to be built, once a view at most; returns what is known of it. */
export function requestBuild({ state, effects }: Draft, spec: BuildSpec): Build {
  const key = specKey(spec)
  const known = state.builds.get(key)
  if (known && (known.state !== 'failed' || known.view >= state.view)) return known
  const building: Build = { state: 'building' }
  state.builds.set(key, building)
  effects.push({ type: 'build', key, spec })
  return building
}

/** Reads a proposal's lineage; what it names and we lack is fetched. */
export function takeLineage(draft: Draft, cid: CID, bytes: Uint8Array | null): void {
  const { state } = draft
  const text = String(cid)
  const known = state.lineages.get(text)
  if (known?.state !== 'wanted') return
  if (bytes === null) {
    state.lineages.set(text, { ...known, state: 'absent' })
    return
  }
  const opened = openLineage(bytes, lineageView(state.head))
  if (!isOpenedLineage(opened)) {
    const reason = opened.verdict === 'accept' ? 'lineage' : opened.reason
    state.lineages.set(text, { state: 'bad', reason })
    return
  }
  const { lineage, inputs, excluded } = opened
  const spec: BuildSpec = {
    round: state.round,
    parent: state.head,
    parentCertificate: lineage.parentCertificate,
    lists: lineage.lists,
    inputs,
    excluded,
    amendment: lineage.amendment ?? null,
    rollback: opened.rollback,
  }
  state.lineages.set(text, { state: 'open', opened, key: specKey(spec), spec })
  for (const input of inputs) {
    for (const { author, contributions } of opened.lists) {
      if (contributions.some((id) => equalCids(id, input.id))) noteLister(draft, input.id, author)
    }
    remember(draft, input)
  }
}
