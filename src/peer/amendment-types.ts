import type { RoundPolicy } from './genesis-types.ts'

/** A committee member, with its key in hex. */
export interface NamedKey {
  readonly name: string
  readonly key: string
}

/** A change of a network's terms; keys in hex. At least one field. */
export interface AmendmentChange {
  readonly add?: readonly NamedKey[]
  /** Keys of members that go. */
  readonly remove?: readonly string[]
  readonly quorum?: 'byzantine' | 'crash'
  readonly contributors?: 'open' | 'vouched' | readonly string[]
  readonly round?: Partial<RoundPolicy>
  /** A fraction, 0.02 for two points; null: no gate. */
  readonly gate?: { readonly maxDrop: number } | null
  /** As a genesis states it: fractions in billionths. `parseRule` makes it of text. */
  readonly fusion?: { readonly rule: string; readonly params: Readonly<Record<string, number>> }
  /** Alone in its change: the next base has the weights of this earlier one (CID), and reverts those since. */
  readonly rollback?: { readonly base: string }
}

/** An amendment that a member proposed and that is not in force yet. */
export interface AmendmentStatus {
  readonly id: string
  readonly change: AmendmentChange
  /** Members of this round's committee that approved it. */
  readonly approvedBy: readonly string[]
  /** Those that did not. */
  readonly missing: readonly string[]
  /** Approvals that ratify it. */
  readonly need: number
  /** `open`: needs more approvals; `ratified`: the next base embeds it; `embedded`: certified, in force from `from` on (a rollback: done in that round). */
  readonly state: 'open' | 'ratified' | 'embedded'
  readonly from: number | null
}

/** What is in force in a round. */
export interface TermsStatus {
  readonly committee: readonly NamedKey[]
  readonly quorum: 'byzantine' | 'crash'
  /** Votes that decide. */
  readonly votes: number
  readonly contributors: 'open' | 'vouched' | readonly string[]
  readonly round: RoundPolicy
  readonly gate: { readonly maxDrop: number } | null
  /** With its parameters, as `formatRule` writes it. */
  readonly rule: string
}
