import type { TrainingPlan } from '../ports/trainer.ts'
import { examplesAStep } from './plan.ts'

export interface EarlyStopping {
  /** Takes in the next evaluation. `best`: none before was better. `stop`: `patience` evaluations in a row gained too little. */
  observe(score: number): { readonly best: boolean; readonly stop: boolean }
}

/** Evaluations without a gain after which a training of `rows` ends: what `patienceExamples` amount to, or the plan's `patience`. */
export function patienceOf(plan: TrainingPlan, rows: number): number {
  const { patienceExamples, evaluateEvery, patience } = plan
  if (patienceExamples === 0 || evaluateEvery === 0) return patience
  return Math.max(1, Math.ceil(patienceExamples / (evaluateEvery * examplesAStep(plan, rows))))
}

/** Stops after `patience` evaluations that don't gain `minGain` over the best before them; a patience of 0 never does. */
export function createEarlyStopping({ patience, minGain }: Pick<TrainingPlan, 'patience' | 'minGain'>): EarlyStopping {
  let best = Number.NEGATIVE_INFINITY
  let mark = Number.NEGATIVE_INFINITY
  let withoutGain = 0
  return {
    observe(score) {
      const isBest = score >= best
      if (isBest) best = score
      if (score >= mark + minGain && score > mark) {
        mark = score
        withoutGain = 0
      } else {
        withoutGain++
      }
      return { best: isBest, stop: patience > 0 && withoutGain >= patience }
    },
  }
}
