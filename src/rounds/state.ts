import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { ExclusionReason } from '../../protocols/lineage/messages.ts'
import type { Candidate } from '../../protocols/lineage/pipeline.ts'
import type { OpenedLineage, RollbackTarget } from '../../protocols/lineage/rules.ts'
import type { InclusionList, Precommit, Prevote, Proposal } from '../../protocols/round/messages.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { GateVerdict } from './gate.ts'
import type { NetworkFacts } from './network.ts'
import type { Regime } from './regime.ts'

/** A certified base, or the genesis' base in round 0. */
export interface Ancestor {
  readonly round: number
  readonly base: CID
  /** CID of its model.safetensors. */
  readonly weights: CID
  /** Checkpoints that were fused into it. */
  readonly inputs: readonly CID[]
  /** Ended without inputs: weights are its parent's. */
  readonly isEmpty: boolean
  /** The earlier base that this round went back to, by a quorum's amendment; absent where it did not. */
  readonly rolledBackTo?: CID
}

/** Where a round starts: the newest certified base and what the pipeline needs to know of those before it. */
export interface Head extends Ancestor {
  /** Certificate of this base; null in round 0. */
  readonly certificate: Uint8Array | null
  /** This base and its ancestors, newest first, at most `historyRounds`. */
  readonly history: readonly Ancestor[]
  readonly regime: Regime
}

/** A contribution with its signature, in the form that the pipeline compares. */
export interface SignedContribution extends Candidate {
  readonly signed: Signed<Contribution>
}

export type ContributionState = 'announced' | 'fetching' | 'held' | 'refused'

export interface ContributionEntry {
  readonly contribution: SignedContribution
  readonly state: ContributionState
  /** Why it was refused. */
  readonly reason: string | null
  /** Its author's place in the round's lottery: lower first. */
  readonly ticket: Uint8Array
  /** Whom we asked for the bytes, by key; empty text for its author. */
  readonly asked: readonly string[]
}

/** What a base of this round is made from: equal specs give equal bytes. */
export interface BuildSpec {
  readonly round: number
  readonly parent: Head
  /** Certificate of the parent as the proposer embeds it: valid ones differ in whose votes they quote. */
  readonly parentCertificate: Uint8Array | null
  /** Envelopes in author order. */
  readonly lists: readonly Uint8Array[]
  /** In id order; none in an empty round. */
  readonly inputs: readonly SignedContribution[]
  readonly excluded: readonly { readonly contribution: SignedContribution; readonly reason: ExclusionReason }[]
  /** The ratification that it embeds. */
  readonly amendment: Uint8Array | null
  /** Where the amendment rolls back to; then there are no inputs, and these are the weights. */
  readonly rollback: RollbackTarget | null
}

export type Build =
  | { readonly state: 'building' }
  | { readonly state: 'built'; readonly base: CID; readonly lineage: CID }
  /** Tried again in a later view: disks fill up, and are emptied. */
  | { readonly state: 'failed'; readonly reason: string; readonly view: number }

export type KnownLineage =
  /** Asked for: each member that should have it is asked once a view. */
  | { readonly state: 'wanted'; readonly view: number; readonly asked: readonly string[] }
  | { readonly state: 'absent'; readonly view: number; readonly asked: readonly string[] }
  | {
      readonly state: 'open'
      readonly opened: OpenedLineage<SignedContribution>
      readonly key: string
      readonly spec: BuildSpec
    }
  | { readonly state: 'bad'; readonly reason: string }

export type Phase = 'collect' | 'propose' | 'prevote' | 'precommit' | 'adopt'

/** A base that we precommitted: other ones get no vote of ours until a later quorum of prevotes says so. */
export interface Locked {
  readonly view: number
  readonly base: CID
}

/** A base that a quorum prevoted in a view, with the lineage to propose it again by. */
export interface Carried extends Locked {
  readonly lineage: CID
}

/** Everything one peer knows of the round being run. Changed only by `reduce`. */
export interface RoundState {
  /** What is in force in this round. */
  readonly network: NetworkFacts
  /** The member that speaks; null for a peer that only follows. */
  readonly self: Uint8Array | null
  readonly head: Head
  readonly round: number
  /** Aggregators of the views, in turn. */
  readonly rank: readonly Uint8Array[]
  /** Empty rounds just before this one. */
  readonly emptyBefore: number
  phase: Phase
  /** -1 while collecting. */
  view: number
  /** When the phase began, and when its timer ends; for display. */
  phaseSince: number
  phaseUntil: number | null
  isCollectOver: boolean
  isGraceOver: boolean
  isGraceStarted: boolean
  /** A longer list waited long enough for what others list. */
  isGainOver: boolean
  readonly contributions: Map<string, ContributionEntry>
  /** Members that list a contribution, seen or not. */
  readonly listers: Map<string, { readonly id: CID; readonly keys: readonly Uint8Array[] }>
  /** Highest list of each member, by key. */
  readonly lists: Map<string, Signed<InclusionList>>
  readonly proposals: Map<number, Signed<Proposal>>
  /** The first vote of each member, by view and key. */
  readonly prevotes: Map<number, ReadonlyMap<string, Signed<Prevote>>>
  readonly precommits: Map<number, ReadonlyMap<string, Signed<Precommit>>>
  /** The first list of each seq, by key: what later ones may not contradict. */
  readonly listed: Map<string, readonly Signed<InclusionList>[]>
  /** Two lists of a member that contradict each other, by key. */
  readonly doubleLists: Map<string, readonly Signed<InclusionList>[]>
  /** What equivocators said besides, by slot. */
  readonly doubles: Map<string, readonly Signed<Proposal | Prevote | Precommit>[]>
  /** Highest view in which a member spoke, by key. */
  readonly reached: Map<string, number>
  /** Members that contradicted themselves, by key. */
  readonly accused: Set<string>
  readonly lineages: Map<string, KnownLineage>
  readonly builds: Map<string, Build>
  /** An amendment that a quorum of this round's committee approved, for the lineage. */
  ratification: Uint8Array | null
  /** Where that amendment rolls back to; null for one that changes terms. */
  rollback: RollbackTarget | null
  /** What our own data say of bases, by base. */
  readonly gates: Map<string, GateVerdict>
  /** Ids of contributions that our own data blame for a base that they refused. */
  readonly blamed: Set<string>
  /** What we propose in a view, once chosen. */
  choice: { readonly view: number; readonly spec: BuildSpec } | null
  locked: Locked | null
  valid: Carried | null
  /** What this key said, or is about to say, by slot. One message a slot, ever. */
  readonly said: Set<string>
  /** Timers set, so that each is set once. */
  readonly timers: Set<string>
  /** Ids of everything received in this round. */
  readonly known: Set<string>
}
