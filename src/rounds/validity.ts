import type { Proposal } from '../../protocols/round/messages.ts'
import { equalCids, toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { isUnavailable } from './collect.ts'
import { type Draft, isSelf } from './draft.ts'
import { requestBuild } from './propose.ts'
import type { KnownLineage, RoundState } from './state.ts'
import { votesFor } from './tally.ts'

export type Validity =
  | { readonly is: 'valid' }
  /** Not known yet; `reason` is what a vote for nil gives when time is up. */
  | { readonly is: 'pending'; readonly reason: string }
  | { readonly is: 'invalid'; readonly reason: string }

/** Our own fusion of the same inputs gave something else. */
export const OTHER_BASE = 'other-base'

const VALID: Validity = { is: 'valid' }
const pending = (reason: string): Validity => ({ is: 'pending', reason })
const invalid = (reason: string): Validity => ({ is: 'invalid', reason })

/**
 * SPEC 9.3: a proposal is valid when its lineage holds and our own fusion gives the same base. Asks for what is
 * missing.
 */
export function validityOf(draft: Draft, proposal: Signed<Proposal>): Validity {
  const { state } = draft
  const { message } = proposal
  const lineage = state.lineages.get(String(message.lineage))
  if (!lineage || lineage.state === 'wanted' || lineage.state === 'absent') {
    askForLineage(draft, proposal, lineage)
    return pending('lineage-not-here')
  }
  if (lineage.state === 'bad') return invalid(lineage.reason)
  // SPEC 9.3: a quorum wanted a rollback, whatever the view.
  if (message.validView === null && lineage.opened.rollback === null) {
    const mustBeEmpty = message.view >= state.network.terms.round.maxViews
    if (mustBeEmpty !== lineage.opened.isEmpty) return invalid(mustBeEmpty ? 'must-be-empty' : 'empty-too-early')
  }
  return builtAs(draft, message, lineage)
}

/** From the aggregator, then from each that voted for the base and so has it; each once a view. */
function askForLineage({ state, effects }: Draft, { message }: Signed<Proposal>, known?: KnownLineage): void {
  if (known?.state === 'wanted') return
  const asked = known?.state === 'absent' && known.view === state.view ? known.asked : []
  const from = sourcesOf(state, message).find((key) => !asked.includes(toHex(key)))
  if (!from) return
  state.lineages.set(String(message.lineage), { state: 'wanted', view: state.view, asked: [...asked, toHex(from)] })
  effects.push({ type: 'fetch-lineage', cid: message.lineage, from })
}

function sourcesOf(state: RoundState, { author, base, view, validView }: Proposal): readonly Uint8Array[] {
  const views = validView === null ? [view] : [view, validView]
  const voters = views
    .flatMap((at) => votesFor(state, 'prevote/1', at, base))
    .map((vote) => vote.message.author)
    .filter((key) => !isSelf(state, key))
  return [author, ...voters]
}

function builtAs(draft: Draft, message: Proposal, lineage: Extract<KnownLineage, { state: 'open' }>): Validity {
  const { state } = draft
  const entries = lineage.spec.inputs.map((input) => state.contributions.get(String(input.id)))
  const refused = entries.find((entry) => entry?.state === 'refused' && !isUnavailable(entry))
  if (refused) return invalid(`input-refused: ${refused.reason ?? 'unknown'}`)
  if (!entries.every((entry) => entry?.state === 'held')) return pending('inputs-not-here')
  const build = requestBuild(draft, lineage.spec)
  if (build.state === 'building') return pending('not-built')
  if (build.state === 'failed') return invalid(build.reason)
  const isSame = equalCids(build.base, message.base) && equalCids(build.lineage, message.lineage)
  return isSame ? VALID : invalid(OTHER_BASE)
}
