import type { TrainingPlan } from '../ports/trainer.ts'

/**
 * Ways to finetune by name; `auto` takes `small` or `standard` by the model's size.
 *
 * - `small`: for encoders below 60 million weights: a large rate, few examples.
 * - `standard`: what is usual for BERT-base and larger: 5e-5, three passes.
 * - `paper`: appendix B of the paper: 5e-5 with linear decay 0.0006, batches of 256, and the end when 256 thousand examples gain less than 0.001.
 */
export const RECIPES = ['auto', 'small', 'standard', 'paper'] as const
export type RecipeName = (typeof RECIPES)[number]

export interface Recipe {
  readonly plan: Partial<TrainingPlan>
  /** Examples of a step, whatever batch fits in memory. */
  readonly examples: number
  /** Passes over the rows, in no fewer and no more steps than these; null: the plan's own steps. */
  readonly length: { readonly epochs: number; readonly least: number; readonly most: number } | null
}

export const RECIPE: Readonly<Record<Exclude<RecipeName, 'auto'>, Recipe>> = {
  small: {
    plan: { learningRate: 2e-4, headRate: 10 },
    examples: 32,
    length: { epochs: 3, least: 50, most: 400 },
  },
  standard: {
    plan: { learningRate: 5e-5, headRate: 1 },
    examples: 32,
    length: { epochs: 3, least: 50, most: 5_000 },
  },
  paper: {
    // Evaluations every 64 thousand examples. The rate is zero after 1,667 steps.
    plan: {
      ...{ learningRate: 5e-5, headRate: 1, warmup: 0, schedule: 'paper', steps: 1_667 },
      ...{ evaluateEvery: 250, patienceExamples: 256_000, minGain: 0.001 },
    },
    examples: 256,
    length: null,
  },
}

/** Of a text-to-text model, whatever the recipe: the paper's rate for T5. */
export const TEXT_TO_TEXT: Partial<TrainingPlan> = { learningRate: 4e-4, headRate: 1 }

/** Weights from which on a model is no small one. */
const STANDARD_WEIGHTS = 60_000_000

export function recipeFor(name: RecipeName, weights: number): Exclude<RecipeName, 'auto'> {
  if (name !== 'auto') return name
  return weights < STANDARD_WEIGHTS ? 'small' : 'standard'
}
