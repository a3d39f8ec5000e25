import type { ChosenPlan, TrainingPlan } from 'coldmesh'
import { percent } from './spread.ts'

/** How a join trains, in one line. */
export function describePlan({ recipe, plan, rows, weights, truncated }: ChosenPlan): string {
  const million = (weights / 1e6).toFixed(1)
  return [
    `recipe ${recipe} for ${rows.toLocaleString('en')} rows and ${million} million weights: rate ${plan.learningRate}`,
    `batch ${plan.batch} x ${plan.accumulation}`,
    howLong(plan),
    `${plan.maxTokens} tokens${truncated === null ? '' : ` (${percent(truncated)} of the rows cut)`}`,
    stopping(plan),
    ...(plan.freeze === null ? [] : [`embeddings and ${plan.freeze} layer(s) frozen`]),
  ].join(', ')
}

function howLong({ steps, epochs, maxSeconds }: TrainingPlan): string {
  if (maxSeconds !== null) return `at most ${maxSeconds} s`
  return epochs === null ? `${steps} steps` : `${epochs} epoch(s)`
}

function stopping({ evaluateEvery, patience, patienceExamples, minGain }: TrainingPlan): string {
  if (evaluateEvery === 0) return 'no early stopping'
  if (patienceExamples > 0)
    return `stops when ${patienceExamples.toLocaleString('en')} examples gain less than ${minGain}`
  if (patience === 0) return 'no early stopping'
  return `evaluated every ${evaluateEvery} steps, stops after ${patience} that gain less than ${minGain}`
}
