import type { TrainingPlan } from '../ports/trainer.ts'

/**
 * "Linear decay 0.0006" in the paper's appendix B, read as: each step of 256 examples takes 0.0006 of the peak away. The rate is zero after
 * 1,667 steps, 427 thousand examples; early stopping after 256 thousand without a gain ends most trainings before.
 */
export const PAPER_DECAY = 0.0006

/** Factor on the learning rate of step `step` (from 0): grows linearly over the warm-up, and then goes as the schedule says. */
export function rateFactor(plan: Pick<TrainingPlan, 'steps' | 'warmup' | 'schedule'>, step: number): number {
  const { steps, warmup, schedule } = plan
  const warmupSteps = Math.round(steps * warmup)
  if (step < warmupSteps) return (step + 1) / warmupSteps
  if (schedule === 'constant') return 1
  if (schedule === 'paper') return Math.max(0, 1 - PAPER_DECAY * (step - warmupSteps))
  return Math.max(0, (steps - step) / Math.max(1, steps - warmupSteps))
}
