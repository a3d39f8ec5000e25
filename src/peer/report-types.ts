import type { EvaluationMode } from '../evaluation/plans.ts'
import type { Metric } from '../ports/trainer.ts'

/** Someone's evaluation of a base; advisory. Values are fractions; a correlation below zero is stated as zero. */
export interface ReportEntry {
  readonly id: string
  readonly author: string
  readonly base: string
  readonly round: number
  readonly task: string
  readonly mode: EvaluationMode
  readonly metric: Metric
  readonly value: number
  readonly standardError: number
  readonly seeds: readonly number[]
  /** Rows trained on, and tested with. */
  readonly rows: number
  readonly testRows: number
  readonly labels: number
  /** Digest of the training plan, hex: equal where two reports had the same budget. */
  readonly plan: string
  readonly engine: string
}

/** `reportOf` makes one of an evaluation. */
export interface ReportOptions extends Omit<ReportEntry, 'id' | 'author' | 'round' | 'metric'> {
  readonly metric?: Metric
}
