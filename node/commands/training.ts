import type { TrainingPlan } from 'coldmesh'
import { defined } from '../defined.ts'
import type { OptionValues } from '../options.ts'

export type PlanOption =
  | 'learningRate'
  | 'headRate'
  | 'steps'
  | 'batch'
  | 'accumulation'
  | 'maxTokens'
  | 'evaluateEvery'
  | 'patience'
  | 'seed'

/** How often a training is saved, in the library's words. */
export function snapshotsOf({ snapshotEvery }: OptionValues<'snapshotEvery'>): { snapshotEveryMs?: number } {
  return snapshotEvery === undefined ? {} : { snapshotEveryMs: Math.round(snapshotEvery * 1000) }
}

/** What the flags say about the plan; the rest is the library's default. */
export function planOf(options: OptionValues<PlanOption>): Partial<TrainingPlan> {
  const { learningRate, headRate, steps, batch, accumulation, maxTokens, evaluateEvery, patience, seed } = options
  return defined({ learningRate, headRate, steps, batch, accumulation, maxTokens, evaluateEvery, patience, seed })
}
