import { createHash } from 'node:crypto'
import type { TrainingPlan } from '../ports/trainer.ts'
import { completePlan, DEFAULT_PLAN } from '../training/plan.ts'

/**
 * The paper's ways to judge a base (sections 4.4 and 5.3): train a head only (ColD-Frozen, linear probing), finetune everything
 * (ColD), finetune everything on 100 labels.
 */
export const EVALUATION_MODES = ['frozen', 'full', 'few-shot'] as const
export type EvaluationMode = (typeof EVALUATION_MODES)[number]

const COMMON = { batch: 32, maxTokens: 64, evaluateEvery: 0 } as const

/**
 * The budget of each mode, for small encoders and thousands of rows; rates found on validation rows, never on a test split. Every base that
 * is compared gets the same: a fixed number of steps, and the weights after the last one.
 */
export const EVALUATION_PLANS: Readonly<Record<EvaluationMode, Partial<TrainingPlan>>> = {
  frozen: { ...COMMON, mode: 'frozen', learningRate: 1e-3, headRate: 10, steps: 400 },
  full: { ...COMMON, mode: 'full', learningRate: 5e-4, headRate: 5, steps: 150 },
  'few-shot': { ...COMMON, mode: 'full', learningRate: 5e-4, headRate: 5, steps: 60 },
}

/** The plan of a mode for a seed, with `changes`. @throws ColdmeshError `bad-input` as completePlan */
export function evaluationPlan(mode: EvaluationMode, changes: Partial<TrainingPlan>, seed: number): TrainingPlan {
  const plan = EVALUATION_PLANS[mode]
  return completePlan({ ...plan, ...changes, mode: mode === 'frozen' ? 'frozen' : 'full', seed })
}

/** Settings that plans did not have at first: they count where they differ from how it was without them. */
const LATER = ['metric', 'positive', 'schedule', 'epochs', 'maxSeconds', 'patienceExamples', 'freeze'] as const

/**
 * Says whether two evaluations had the same budget: SHA-256 of the plan without its seed, as JSON with sorted keys. Plans from before a
 * setting was added keep their digest.
 */
export function digestPlan({ seed: _, ...plan }: TrainingPlan): Uint8Array {
  const usual = new Set<string>(LATER.filter((name) => plan[name] === DEFAULT_PLAN[name]))
  const entries = Object.entries(plan)
    .filter(([name]) => !usual.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return new Uint8Array(
    createHash('sha256')
      .update(JSON.stringify(Object.fromEntries(entries)))
      .digest(),
  )
}
