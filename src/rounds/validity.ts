import type { Proposal } from '../../protocols/round/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { Draft } from './draft.ts'
import { requestBuild } from './propose.ts'
import type { KnownLineage } from './state.ts'

export type Validity =
  | { readonly is: 'valid' }
  | { readonly is: 'pending' }
  | { readonly is: 'invalid'; readonly reason: string }

const PENDING: Validity = { is: 'pending' }
const VALID: Validity = { is: 'valid' }
const invalid = (reason: string): Validity => ({ is: 'invalid', reason })

/** SPEC round 4: a proposal is valid when its lineage holds and our own fusion gives the same base. Asks for what is missing. */
export function validityOf(draft: Draft, { message }: Signed<Proposal>): Validity {
  const { state, effects } = draft
  const lineage = state.lineages.get(String(message.lineage))
  if (!lineage) {
    state.lineages.set(String(message.lineage), { state: 'wanted' })
    effects.push({ type: 'fetch-lineage', cid: message.lineage, from: message.author })
    return PENDING
  }
  if (lineage.state === 'wanted') return PENDING
  if (lineage.state === 'bad') return invalid(lineage.reason)
  if (message.validView === null) {
    const mustBeEmpty = message.view >= state.network.genesis.round.maxViews
    if (mustBeEmpty !== lineage.opened.isEmpty) return invalid(mustBeEmpty ? 'must-be-empty' : 'empty-too-early')
  }
  return builtAs(draft, message, lineage)
}

function builtAs(draft: Draft, message: Proposal, lineage: Extract<KnownLineage, { state: 'open' }>): Validity {
  const { state } = draft
  const entries = lineage.spec.inputs.map((input) => state.contributions.get(String(input.id)))
  const refused = entries.find((entry) => entry?.state === 'refused')
  if (refused) return invalid(`input-refused: ${refused.reason ?? 'unknown'}`)
  if (!entries.every((entry) => entry?.state === 'held')) return PENDING
  const build = requestBuild(draft, lineage.spec)
  if (!build || build.state === 'building') return PENDING
  if (build.state === 'failed') return invalid(build.reason)
  const isSame = equalCids(build.base, message.base) && equalCids(build.lineage, message.lineage)
  return isSame ? VALID : invalid('other-base')
}
