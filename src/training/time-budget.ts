import type { TrainingPlan } from '../ports/trainer.ts'

/** After so many steps their time is known well enough, and the number of steps is fixed. */
const MEASURED_STEPS = 8
/** Of the time left that steps may take: evaluations and a busier machine need some. */
const STEPS_SHARE = 0.9

/** How many steps a training has, where a time limits it too. The schedule of rates needs to know its end. */
export interface TimeBudget {
  /** Of the whole training: an estimate until it is fixed. */
  readonly steps: number
  /** Null until it is fixed. */
  readonly fixed: number | null
  /** Takes in that `step` steps are done, `spentMs` after the training began. */
  passed(step: number, spentMs: number): void
  isOver(spentMs: number): boolean
}

/** `fixed`: what an interrupted training had fixed. */
export function createTimeBudget(
  { steps: most, maxSeconds }: Pick<TrainingPlan, 'steps' | 'maxSeconds'>,
  fixed: number | null,
): TimeBudget {
  if (maxSeconds === null) return { steps: most, fixed: null, passed: () => {}, isOver: () => false }
  const maxMs = maxSeconds * 1_000
  let steps = fixed ?? most
  let isFixed = fixed !== null
  /** The first step also compiles: time is measured from its end. */
  let first: { readonly step: number; readonly spentMs: number } | null = null
  return {
    get steps() {
      return steps
    },
    get fixed() {
      return isFixed ? steps : null
    },
    passed(step, spentMs) {
      if (isFixed) return
      first ??= { step, spentMs }
      const measured = step - first.step
      if (measured === 0) return
      const stepMs = Math.max(1e-3, (spentMs - first.spentMs) / measured)
      steps = Math.min(most, step + Math.max(0, Math.floor((STEPS_SHARE * (maxMs - spentMs)) / stepMs)))
      isFixed = measured >= MEASURED_STEPS
    },
    isOver: (spentMs) => spentMs >= maxMs,
  }
}
