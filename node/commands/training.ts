import type { TrainingPlan } from 'coldmesh'
import { defined } from '../defined.ts'
import type { OptionValues } from '../options.ts'

export type PlanOption =
  | 'recipe'
  | 'time'
  | 'epochs'
  | 'freeze'
  | 'metric'
  | 'positive'
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

/** What the flags say about the plan; the recipe chooses the rest. */
export function planOf(options: OptionValues<PlanOption>): Partial<TrainingPlan> {
  const { time: maxSeconds, epochs, freeze, metric, positive, learningRate, headRate, steps } = options
  const { batch, accumulation, maxTokens, evaluateEvery, patience, seed } = options
  return defined({
    ...{ maxSeconds, epochs, freeze, metric, positive, learningRate, headRate, steps },
    ...{ batch, accumulation, maxTokens, evaluateEvery, patience, seed },
  })
}
