import type { AmendmentStatus, TermsStatus } from './amendment-types.ts'
import type { CatchUp } from './catch-up-types.ts'
import type { EvidenceStatus } from './evidence-types.ts'
import type { ForkStatus } from './fork/types.ts'
import type { GateStatus } from './gate-types.ts'
import type { MismatchStatus } from './mismatch-types.ts'
import type { PermissionStatus } from './permission-types.ts'
import type { ReportEntry } from './report-types.ts'
import type { StoreStatus } from './retention/types.ts'
import type { SplitStatus } from './split-types.ts'
import type { Trouble } from './trouble-types.ts'
import type { PendingWait } from './wait-types.ts'

/** CIDs are canonical text (base32), keys lower-case hex, times milliseconds, scores fractions. */

/** A peer that has not found its network yet, or not the head of it. */
export interface StartingStatus
  extends Pick<
    PeerStatus,
    'network' | 'name' | 'key' | 'peerId' | 'multiaddrs' | 'peers' | 'gateway' | 'waits' | 'troubles'
  > {
  readonly phase: 'starting'
}

export type RoundPhase = 'syncing' | 'collect' | 'propose' | 'prevote' | 'precommit' | 'adopt'

export interface Wait {
  /** For what: `contributions`, `grace`, `lists`, `proposal`, `prevotes`, `precommits`, `inputs`, `base`, `peers`. */
  readonly what: string
  readonly have: number
  readonly need: number
  /** Names of members, or ids of contributions, that are waited for. */
  readonly missing: readonly string[]
  readonly sinceMs: number
  /** When this wait ends by itself; null when it does not. */
  readonly untilMs: number | null
}

export interface ContributionStatus {
  readonly id: string
  readonly author: string
  readonly checkpoint: string
  readonly task: string
  /** `fetching`, `held`, or `refused` with the reason. */
  readonly state: 'announced' | 'fetching' | 'held' | 'refused'
  readonly reason: string | null
  /** Rounds with inputs since the base that it was trained from; 0: it is not late. */
  readonly staleness: number
}

export interface PeerStatus {
  readonly network: string
  readonly name: string
  readonly key: string
  readonly peerId: string
  /** Name in the committee, or null. */
  readonly member: string | null
  /** Why this member signs nothing, or null. */
  readonly muted: string | null
  readonly round: number
  readonly view: number
  readonly phase: RoundPhase
  /** The round's base: the newest certified one. */
  readonly base: string
  /** CID of the `archive/1` object of everything that led to it, which is served. */
  readonly archive: string
  readonly aggregator: string | null
  readonly multiaddrs: readonly string[]
  readonly peers: number
  /** URL of the gateway that serves what is here by HTTP; null when it is off. */
  readonly gateway: string | null
  /** What the round waits for. */
  readonly waitingFor: Wait | null
  /** Null when no catch-up is under way. */
  readonly catchUp: CatchUp | null
  /** What else this peer waits for from outside: bytes, peers, answers. The longest first. */
  readonly waits: readonly PendingWait[]
  readonly contributions: readonly ContributionStatus[]
  readonly permission: PermissionStatus
  /** What the network began as; null for one that is no fork. */
  readonly fork: ForkStatus | null
  /** What trains; null until it was first needed. */
  readonly trainer: { readonly engine: string; readonly device: string } | null
  readonly training: {
    readonly task: string
    readonly step: number
    readonly steps: number
    readonly loss: number
  } | null
  /** Contributions and messages refused lately, newest last, at most 32. */
  readonly refused: readonly {
    readonly what: string
    readonly id: string | null
    readonly author: string | null
    readonly reason: string
  }[]
  /** What this member judges proposed bases by, and what came of it; null without such data, or where the network has no gate. */
  readonly gate: GateStatus | null
  /** What the store holds on the disk, and what it let go. */
  readonly store: StoreStatus
  /** What this machine refuses or has lost at the moment: a full disk, damaged blocks. Empty when all is well. */
  readonly troubles: readonly Trouble[]
  /** What is in force in this round. */
  readonly terms: TermsStatus
  /** Proposed changes of the terms. */
  readonly amendments: readonly AmendmentStatus[]
  /** Two certified bases of one round, if this peer ever met them; null when it did not. */
  readonly split: SplitStatus | null
  /** Proposals that this machine could not reproduce, newest last, at most 8. */
  readonly mismatches: readonly MismatchStatus[]
  /** Members that contradicted themselves, newest last, at most 32; `evidence()` has them all. */
  readonly evidence: readonly EvidenceStatus[]
  /** How many evaluations are held, and those of the round's base (64 at most). */
  readonly reports: { readonly held: number; readonly base: readonly ReportEntry[] }
}

export interface ConnectedPeer {
  readonly id: string
  readonly addresses: readonly string[]
  /** Name in the committee, or null. */
  readonly member: string | null
  /** What its gossip earned: 0 for a stranger, below 0 after messages that are provably wrong; docs/network.md has the steps. */
  readonly score: number
  /** Questions for content that it left unanswered since it last gave some; with any it is asked last. */
  readonly unanswered: number
}
