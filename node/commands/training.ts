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

/** What the flags say about the plan; the rest is the library's default. */
export function planOf(options: OptionValues<PlanOption>): Partial<TrainingPlan> {
  const { learningRate, headRate, steps, batch, accumulation, maxTokens, evaluateEvery, patience, seed } = options
  return defined({ learningRate, headRate, steps, batch, accumulation, maxTokens, evaluateEvery, patience, seed })
}
