import type { TrainingPlan } from '../ports/trainer.ts'

/** Factor on the learning rate of step `step` (from 0): grows linearly over the warm-up, then falls linearly to zero after the last. */
export function rateFactor({ steps, warmup }: Pick<TrainingPlan, 'steps' | 'warmup'>, step: number): number {
  const warmupSteps = Math.round(steps * warmup)
  if (step < warmupSteps) return (step + 1) / warmupSteps
  return Math.max(0, (steps - step) / Math.max(1, steps - warmupSteps))
}
