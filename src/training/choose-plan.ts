import type { TrainingPlan } from '../ports/trainer.ts'
import { bucketLength } from './batches.ts'
import { completePlan } from './plan.ts'
import { RECIPE, type Recipe, type RecipeName, recipeFor, TEXT_TO_TEXT } from './recipes.ts'

/** What a plan is chosen by. */
export interface PlanFacts {
  /** Rows to learn from. */
  readonly rows: number
  /** Weights of the body. */
  readonly weights: number
  /** Tokens of some rows, cut at the longest that the model takes; none: lengths aren't known. */
  readonly tokens: readonly number[]
  readonly longest: number
  /** The model is an encoder and a decoder, as T5. Absent: it is not. */
  readonly textToText?: boolean
  /** Whether a training with these settings fits in this machine's memory with room to spare. */
  readonly fits: (plan: TrainingPlan) => boolean
}

/** What was chosen, and what there is to know about it. */
export interface ChosenPlan {
  readonly recipe: Exclude<RecipeName, 'auto'>
  readonly plan: TrainingPlan
  readonly rows: number
  readonly weights: number
  /** Share of the rows that are cut to the plan's `maxTokens`; null: not known. */
  readonly truncated: number | null
}

/** Texts longer than all but this share are cut. */
const CUT_SHARE = 0.01
const EVALUATIONS = 10
const LEAST_BETWEEN_EVALUATIONS = 10

/**
 * A plan for these rows and this model by a recipe: how many steps, how long inputs may be, and how much of a step's examples a batch holds.
 * What `changes` says stays as it is. The same facts and memory give the same plan.
 *
 * @throws ColdmeshError `bad-input` as `completePlan`
 */
export function choosePlan(
  { rows, weights, tokens, longest, textToText, fits }: PlanFacts,
  { recipe: wanted, changes }: { readonly recipe: RecipeName; readonly changes: Partial<TrainingPlan> },
): ChosenPlan {
  const name = recipeFor(wanted, weights)
  const recipe = RECIPE[name]
  const maxTokens = changes.maxTokens ?? lengthFor(tokens, longest)
  const usual = { ...recipe.plan, ...(textToText && TEXT_TO_TEXT) }
  const base = { ...usual, ...lengthOf(recipe, rows, changes), ...(maxTokens && { maxTokens }), ...changes }
  const plan = completePlan({ ...base, ...batchFor(recipe, rows, base, changes, fits) })
  const cut = tokens.filter((count) => count > plan.maxTokens || (count === longest && plan.maxTokens === longest))
  return { recipe: name, plan, rows, weights, truncated: tokens.length === 0 ? null : cut.length / tokens.length }
}

function lengthOf({ length }: Recipe, rows: number, changes: Partial<TrainingPlan>): Partial<TrainingPlan> {
  const isGiven = [changes.steps, changes.epochs, changes.maxSeconds].some((value) => typeof value === 'number')
  if (isGiven || length === null) return {}
  const { batch = 32, accumulation = 1 } = changes
  const wanted = Math.ceil((length.epochs * rows) / (batch * accumulation))
  const steps = Math.max(length.least, Math.min(length.most, wanted))
  return { steps, evaluateEvery: Math.max(LEAST_BETWEEN_EVALUATIONS, Math.round(steps / EVALUATIONS)) }
}

/** The bucket of the 99th percentile; null when no lengths are known. */
function lengthFor(tokens: readonly number[], longest: number): number | null {
  if (tokens.length === 0) return null
  const sorted = tokens.toSorted((a, b) => a - b)
  return bucketLength(sorted[Math.ceil(sorted.length * (1 - CUT_SHARE)) - 1] ?? longest, longest)
}

/** The largest batch that fits, halved from the step's examples; what is missing is accumulated. */
function batchFor(
  { examples }: Recipe,
  rows: number,
  base: Partial<TrainingPlan>,
  { batch: given, accumulation }: Partial<TrainingPlan>,
  fits: PlanFacts['fits'],
): Partial<TrainingPlan> {
  if (given !== undefined) return {}
  // A batch has at most all rows.
  let batch = Math.min(examples, 32)
  while (batch > 1 && (batch > rows || !fits(completePlan({ ...base, batch, accumulation: 2 })))) batch /= 2
  return { batch, accumulation: accumulation ?? examples / batch }
}
