import type { EvaluationMode } from '../evaluation/plans.ts'
import type { Dataset, Examples } from '../ports/dataset.ts'
import type { TrainingPlan } from '../ports/trainer.ts'

export const LAB_BASELINES = ['one-shot', 'multitask'] as const
export type LabBaseline = (typeof LAB_BASELINES)[number]

/** How bases are judged in one mode. */
export interface LabEvaluation {
  readonly mode: EvaluationMode
  /** Rounds whose base is judged; 0 is the pretrained one. */
  readonly rounds: readonly number[]
  /** Names of the tasks to judge by; null: all. */
  readonly tasks: readonly string[] | null
  /** Rows to learn from and rows to be judged on, at most. Few-shot takes its 100 labels of the first. */
  readonly trainRows: number
  readonly testRows: number
  /** Repetitions with other seeds in each run. */
  readonly repeats: number
  /** What differs from the mode's own plan. */
  readonly plan: Partial<TrainingPlan>
}

/** A whole experiment but its texts: plain data, kept with the results. */
export interface LabPlan {
  readonly name: string
  readonly rounds: number
  /** Each a whole run of its own: other contributors drawn, other batches, other heads. */
  readonly seeds: readonly number[]
  /** Members that list, propose and vote. */
  readonly committee: number
  readonly rule: string
  /** How many of the contributors take part in a round; drawn by the run's seed. */
  readonly perRound: number | 'all'
  /** New rows in every round in place of the same ones. */
  readonly freshRows: boolean
  /** Validation rows that a contributor reports its score on. */
  readonly validationRows: number
  readonly training: Partial<TrainingPlan>
  readonly evaluations: readonly LabEvaluation[]
  readonly baselines: readonly LabBaseline[]
  /** `all` keeps every checkpoint, so that the history can be fused again; `bases` only the bases. */
  readonly keep: 'all' | 'bases'
}

/** Whether a mode judges by this task. */
export function judgesBy({ tasks }: LabEvaluation, { name }: Pick<LabTask, 'name'>): boolean {
  return tasks === null || tasks.includes(name)
}

/** A task with its texts and the contributors that have it. */
export interface LabTask {
  readonly name: string
  /** Whether somebody contributes with it; the others only judge. */
  readonly isSeen: boolean
  readonly train: Dataset<Examples>
  readonly validation: Examples
  readonly test: Examples
  /** Contributors among which its rows are split. */
  readonly shards: number
  /** Rows of each contributor at most; null: all of its share. */
  readonly rows: number | null
  /** First and last round in which they take part. */
  readonly from: number
  readonly until: number | null
}
