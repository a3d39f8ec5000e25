import type { CID } from 'multiformats/cid'
import type { Proposal } from '../../protocols/round/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import type { Draft } from './draft.ts'
import type { ContributionEntry, KnownLineage, RoundState } from './state.ts'

/** What this member's own data say of a base. Never in anything agreed: it moves this member's vote alone. */
export type GateVerdict =
  | { readonly state: 'asked' }
  /** `reason` says why it is refused; null: it is not worse than its parent, or nobody can say here. */
  | { readonly state: 'judged'; readonly reason: string | null }

/**
 * SPEC 9.3: asks whether a fresh base is too much worse than its parent, once. Empty ones keep the weights, a quorum chose those of
 * a rollback, a base that a quorum prevoted or that we locked on has passed other gates: none is asked about.
 */
export function gateOf({ state, effects }: Draft, { base, lineage, validView }: Proposal): GateVerdict {
  const known = state.lineages.get(String(lineage))
  if (state.network.terms.gate === null || validView !== null || !isFresh(state, base, known)) return PASSED
  const verdict = state.gates.get(String(base))
  if (verdict) return verdict
  const asked: GateVerdict = { state: 'asked' }
  state.gates.set(String(base), asked)
  if (known?.state === 'open') effects.push({ type: 'judge-gate', base, spec: known.spec })
  return asked
}

const PASSED: GateVerdict = { state: 'judged', reason: null }

function isFresh({ locked, valid }: RoundState, base: CID, lineage: KnownLineage | undefined): boolean {
  if (lineage?.state !== 'open' || lineage.spec.inputs.length === 0) return false
  return !equalCids(locked?.base ?? null, base) && !equalCids(valid?.base ?? null, base)
}

/** Of these, what we would offer to a round: not what our own data blame for a base that they refused. */
export function withoutBlamed(state: RoundState, entries: readonly ContributionEntry[]): readonly ContributionEntry[] {
  return entries.filter(({ contribution }) => !state.blamed.has(String(contribution.id)))
}
