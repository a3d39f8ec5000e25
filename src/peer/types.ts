import type { DatasetFacts } from '../engines/dataset-facts.ts'
import type { Dataset, Examples, ReadProgress } from '../ports/dataset.ts'
import type { Metric, PassedOver, Scores, TrainingPlan } from '../ports/trainer.ts'
import type { ChosenPlan } from '../training/choose-plan.ts'
import type { RecipeName } from '../training/recipes.ts'
import type { AmendmentChange, AmendmentStatus } from './amendment-types.ts'
import type { ExportArchiveOptions, WrittenArchive } from './archive/types.ts'
import type { CatchUp } from './catch-up-types.ts'
import type { EvidenceReport, EvidenceStatus } from './evidence-types.ts'
import type { ForkStatus } from './fork/types.ts'
import type { GateJudgement } from './gate-types.ts'
import type { ImportedCar } from './import-car.ts'
import type { LogEntry } from './log-types.ts'
import type { MismatchStatus } from './mismatch-types.ts'
import type { VouchedInvite, VouchOptions } from './permission-types.ts'
import type { ReportEntry, ReportOptions } from './report-types.ts'
import type { BackfilledWeights, DroppedWeights } from './retention/types.ts'
import type { SplitStatus } from './split-types.ts'
import type { ConnectedPeer, ContributionStatus, PeerStatus, Wait } from './status-types.ts'
import type { TroubleEvent } from './trouble-types.ts'
import type { VerifyOptions, VerifyReport } from './verify-types.ts'
import type { WaitEvent } from './wait-types.ts'

export type { AmendmentChange, AmendmentStatus, NamedKey, TermsStatus } from './amendment-types.ts'
export type {
  ArchiveContents,
  ArchiveFacts,
  ArchiveProgress,
  ArchiveReport,
  ExportArchiveOptions,
  ImportedArchive,
  WrittenArchive,
} from './archive/types.ts'
export type { CatchUp } from './catch-up-types.ts'
export type { EvidenceReport, EvidenceStatus } from './evidence-types.ts'
export type { CreatedFork, ForkOptions, ForkStatus } from './fork/types.ts'
export type { GateJudgement, GateStatus } from './gate-types.ts'
export type { GenesisOptions, RoundPolicy } from './genesis-types.ts'
export type { LogEntry } from './log-types.ts'
export type { MismatchStatus } from './mismatch-types.ts'
export type { PeerOptions } from './peer-options.ts'
export type { PermissionStatus, VouchedInvite, VouchOptions } from './permission-types.ts'
export type { ReportEntry, ReportOptions } from './report-types.ts'
export type { BackfilledWeights, DroppedWeights, StoreStatus } from './retention/types.ts'
export type { SplitStatus } from './split-types.ts'
export type {
  ConnectedPeer,
  ContributionStatus,
  PeerStatus,
  RoundPhase,
  StartingStatus,
  Wait,
} from './status-types.ts'
export type { Trouble, TroubleEvent } from './trouble-types.ts'
export type {
  ResumeOptions,
  RoundDetails,
  SampleReport,
  TrustReport,
  VerifiedRound,
  VerifyLevel,
  VerifyOptions,
  VerifyReport,
} from './verify-types.ts'
export type { PendingWait, WaitEvent } from './wait-types.ts'

/** CIDs are canonical text (base32), keys lower-case hex, times milliseconds, scores fractions, correlations from -1 to 1. */

/** What happens, as it happens. More kinds may be added. */
export type PeerEvent =
  | { readonly type: 'peer'; readonly peer: string; readonly connected: boolean; readonly peers: number }
  /** After each page of a catch-up of many rounds. */
  | ({ readonly type: 'catching-up' } & CatchUp)
  | { readonly type: 'synced'; readonly round: number; readonly base: string }
  | { readonly type: 'waiting'; readonly round: number; readonly wait: Wait }
  /** What a round's training runs on, and the faster engines that are installed but don't work here. */
  | {
      readonly type: 'engine'
      readonly round: number
      readonly engine: string
      readonly device: string
      readonly passedOver: readonly PassedOver[]
    }
  /** What there is to train on. Of lengths a sample is looked at. */
  | ({ readonly type: 'dataset'; readonly round: number; readonly task: string } & DatasetFacts)
  /** How a join with a recipe trains from now on. */
  | ({ readonly type: 'plan'; readonly round: number; readonly task: string } & ChosenPlan)
  /** While the rows of a large file are read, before the first step. */
  | ({ readonly type: 'reading'; readonly round: number; readonly task: string } & ReadProgress)
  | {
      readonly type: 'training'
      readonly round: number
      readonly task: string
      readonly step: number
      readonly steps: number
      readonly loss: number
      readonly tokensPerSecond: number
      readonly secondsLeft: number
      /** After an evaluation on held-out rows. */
      readonly validation?: { readonly metric: Metric; readonly score: number }
    }
  | {
      readonly type: 'trained'
      readonly round: number
      readonly task: string
      readonly metric: Metric
      readonly before: number | null
      readonly after: number
      readonly scores: Scores
      readonly seconds: number
      readonly steps: number
      readonly peakMemoryBytes: number | null
    }
  /** `round` is the one that it was trained for; `staleness` says how many rounds with inputs ended meanwhile. */
  | {
      readonly type: 'announced'
      readonly round: number
      readonly id: string
      readonly checkpoint: string
      readonly staleness: number
    }
  | { readonly type: 'contribution'; readonly round: number; readonly contribution: ContributionStatus }
  | { readonly type: 'listed'; readonly round: number; readonly by: string; readonly contributions: readonly string[] }
  | {
      readonly type: 'proposed'
      readonly round: number
      readonly view: number
      readonly by: string
      readonly base: string
    }
  | {
      readonly type: 'voted'
      readonly round: number
      readonly view: number
      readonly step: 'prevote' | 'precommit'
      readonly base: string | null
      readonly reason: string | null
    }
  | { readonly type: 'view'; readonly round: number; readonly view: number; readonly aggregator: string }
  | {
      readonly type: 'fused'
      readonly round: number
      readonly base: string
      readonly view: number
      readonly aggregator: string
      readonly inputs: readonly string[]
    }
  | {
      readonly type: 'rolled-back'
      readonly round: number
      readonly base: string
      /** The earlier base whose weights it has. */
      readonly to: string
    }
  | {
      readonly type: 'refused'
      readonly what: string
      readonly id: string | null
      readonly author: string | null
      readonly reason: string
    }
  /** What our own data say of a proposed base. */
  | ({ readonly type: 'gate' } & GateJudgement)
  | { readonly type: 'muted'; readonly reason: string }
  /** A member approved an amendment, or proposed it. */
  | { readonly type: 'approved'; readonly by: string; readonly amendment: AmendmentStatus }
  | { readonly type: 'report'; readonly report: ReportEntry }
  /** Weights that this peer keeps no longer were deleted. */
  | ({ readonly type: 'dropped' } & DroppedWeights)
  /** What this member keeps and lacked came. */
  | ({ readonly type: 'backfilled' } & BackfilledWeights)
  | ({ readonly type: 'evidence' } & EvidenceStatus)
  | ({ readonly type: 'split' } & SplitStatus)
  | ({ readonly type: 'mismatch' } & MismatchStatus)
  | TroubleEvent
  | WaitEvent

export interface JoinOptions {
  readonly dataset: Dataset<Examples>
  /** Task name in the contribution; default: the dataset's name. */
  readonly task?: string
  readonly license?: string
  readonly plan?: Partial<TrainingPlan>
  /** Chooses what `plan` leaves out by the data, the model and this machine; absent: `DEFAULT_PLAN`. */
  readonly recipe?: RecipeName
  /** How many rounds to contribute to. Default 1; Infinity stays. */
  readonly rounds?: number
  /** How often the training's state is written down, to go on from after a crash. Default 30 seconds; 0 = never. */
  readonly snapshotEveryMs?: number
  readonly signal?: AbortSignal
}

export type JoinEvent =
  | Extract<
      PeerEvent,
      {
        type:
          | 'catching-up'
          | 'synced'
          | 'engine'
          | 'dataset'
          | 'plan'
          | 'reading'
          | 'training'
          | 'trained'
          | 'announced'
          | 'listed'
          | 'waiting'
          | 'fused'
          | 'refused'
      }
    >
  | Exclude<TroubleEvent, { type: 'repaired' }>
  /** Not in this round's base, for this reason; it counts in the next round by itself. */
  | { readonly type: 'postponed'; readonly round: number; readonly id: string; readonly reason: string }
  /** What came of one round: `included` in the base or not, with the reason. */
  | {
      readonly type: 'outcome'
      readonly round: number
      readonly base: string
      readonly id: string
      readonly included: boolean
      readonly reason: string | null
    }

/** Progress as an async iterator; the work goes on even if nobody iterates. */
export interface Joining extends AsyncIterable<JoinEvent> {
  readonly result: Promise<JoinResult>
}

export interface JoinResult {
  readonly base: string
  readonly rounds: readonly {
    readonly round: number
    readonly base: string
    readonly id: string
    readonly included: boolean
    readonly reason: string | null
  }[]
}

/** The history that a data directory or a peer holds. */
export interface History {
  /** Everything that is stored, oldest first, checked again: the report, and the bytes of `evidence/1` for others. */
  evidence(): readonly { readonly report: EvidenceReport; readonly bytes: Uint8Array }[]
  /** Checks evidence from elsewhere against this network's committee. */
  verifyEvidence(bytes: Uint8Array): EvidenceReport
  readonly network: string
  /** Newest first, from `base` (default: the head). */
  log(base?: string): AsyncIterable<LogEntry>
  /** What the network began as; null for one that is no fork. */
  fork(): Promise<ForkStatus | null>
  /** Evaluations of a base (default: the head) that are held here. @throws ColdmeshError `bad-input` */
  reports(base?: string): readonly ReportEntry[]
  verify(base: string, options?: VerifyOptions): Promise<VerifyReport>
  /** A base becomes its directory with `OUT.certificate.cbor` and `OUT.genesis.cbor` beside it; a checkpoint `OUT/model.safetensors`. */
  export(
    cid: string,
    options: { readonly out: string },
  ): Promise<{ readonly cid: string; readonly kind: 'base' | 'checkpoint'; readonly files: readonly string[] }>
  /** A base with its history becomes one file, and beside it its index. The `archive/1` object is kept here, to be served. */
  exportArchive(base: string, options: ExportArchiveOptions): Promise<WrittenArchive>
}

export interface Peer extends History, AsyncDisposable {
  readonly key: string
  status(): PeerStatus
  /** Who is connected now. */
  peers(): readonly ConnectedPeer[]
  /** Everything from now on. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<PeerEvent>
  join(options: JoinOptions): Joining
  invite(): string
  /** An invite that lets one key contribute, where contributors are vouched. @throws ColdmeshError `bad-input` */
  vouch(options: VouchOptions): VouchedInvite
  /** Keeps the voucher of an invite to this network. @throws ColdmeshError `bad-input`, `refused` (disk) */
  acceptInvite(invite: string): Promise<void>
  /** Proposes a change of the network's terms, as a member. @throws ColdmeshError `bad-input`, `refused` */
  amend(change: AmendmentChange): Promise<AmendmentStatus>
  /** Approves an open amendment. @throws ColdmeshError `bad-input`, `refused` */
  approve(id: string): Promise<AmendmentStatus>
  /** Signs an evaluation of a base, keeps it and announces it. @throws ColdmeshError `bad-input`, `refused` (disk) */
  report(options: ReportOptions): Promise<ReportEntry>
  /** Adds the blocks of a CAR file to the store. @throws ColdmeshError `bad-input`, `too-large`, `unsupported`, `refused` */
  importCar(file: string): Promise<ImportedCar>
  /** Idempotent. */
  stop(): Promise<void>
}
