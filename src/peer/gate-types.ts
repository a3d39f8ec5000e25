import type { Metric } from '../ports/trainer.ts'

/** What a member's own data said of a base, by a head trained on it: fractions. */
export interface GateJudgement {
  readonly round: number
  readonly base: string
  /** Of the data's type of task. */
  readonly metric: Metric
  /** Of the round's base. */
  readonly before: number
  /** Of the proposed one. */
  readonly after: number
  /** Why this member votes against it; null: it does not. */
  readonly reason: string | null
}

export interface GateStatus {
  /** Largest fall of the metric that the network lets pass; a fraction. */
  readonly maxDrop: number
  readonly data: string
  readonly rows: number
  /** Newest last, at most 16. */
  readonly judgements: readonly GateJudgement[]
}
