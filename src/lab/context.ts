import type { Ledger } from './ledger.ts'
import type { LabPlan, LabTask } from './plan.ts'
import type { Pool } from './pool.ts'
import type { Work } from './work.ts'

/** What every part of a lab works with. */
export interface LabContext {
  readonly plan: LabPlan
  readonly tasks: readonly LabTask[]
  /** Directory of the pretrained base. */
  readonly base: string
  /** Where data directories and results go. */
  readonly out: string
  readonly pool: Pool
  readonly ledger: Ledger
  readonly work: Work
  readonly signal: AbortSignal
  /** Tells the caller what there is so far. */
  readonly publish: () => void
}
