import type { EvaluationTask } from '../../evaluation/judge-base.ts'
import type { EvaluationMode } from '../../evaluation/plans.ts'
import type { MeanAndError } from '../../evaluation/statistics.ts'
import type { Metric, Trainer, TrainingPlan } from '../../ports/trainer.ts'
import type { LogEntry } from '../log-types.ts'

/** What blame reads of a network: `openHistory` and a running peer have it. */
export interface BlameSource {
  log(base?: string): AsyncIterable<LogEntry>
  export(cid: string, options: { readonly out: string }): Promise<unknown>
}

export interface RoundOptions {
  readonly source: BlameSource
  /** CID of the base whose inputs are looked at. Default: the newest that has inputs. */
  readonly base?: string | undefined
  /** Threads that fuse. */
  readonly workers?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface BlameOptions extends RoundOptions {
  readonly trainer: Trainer
  readonly task: EvaluationTask
  /** Default: `frozen`, a head alone learns. */
  readonly mode?: EvaluationMode | undefined
  /** The same for every fusion that is compared. From two on there is a noise to compare with. */
  readonly seeds: readonly number[]
  readonly plan?: Partial<TrainingPlan> | undefined
  readonly onProgress?: ((progress: BlameProgress) => void) | undefined
}

export interface BlameProgress {
  readonly step: 'reads' | 'fuses' | 'judges'
  /** Of what: `the parent`, `all`, or the id of the contribution that is left out. */
  readonly what: string
  readonly done: number
  readonly total: number
}

/** One contribution of the round, and the base without it. */
export interface BlamedInput {
  readonly id: string
  readonly author: string
  readonly task: string
  readonly dataset: string
  /** The base without it; null where the rule can't do without. */
  readonly without: MeanAndError | null
  /** That minus the base with all, seed by seed: above zero, the base is better without it. */
  readonly difference: MeanAndError | null
  /** That minus the base before the round. */
  readonly toParent: MeanAndError | null
  /** How likely a difference as large is by chance, over the seeds; null for a single seed. */
  readonly chance: number | null
  /** Whether it is worse or better with it than by chance; `unclear`: nobody can say from these rows and seeds. */
  readonly verdict: 'hurts' | 'helps' | 'unclear' | 'needed'
}

export interface BlameReport {
  readonly base: string
  readonly round: number
  readonly parent: string
  readonly rule: string
  readonly task: string
  readonly mode: EvaluationMode
  readonly metric: Metric
  readonly seeds: readonly number[]
  readonly rows: number
  readonly testRows: number
  readonly all: MeanAndError
  /** The base before the round. */
  readonly before: MeanAndError
  /** The one that hurts most first. */
  readonly inputs: readonly BlamedInput[]
}

export interface FuseWithoutOptions extends RoundOptions {
  /** Ids of contributions of the round, whole or their first or last letters, at least six. */
  readonly without: readonly string[]
  /** Where the result goes; must not exist yet. */
  readonly out: string
}
