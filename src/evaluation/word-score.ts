import type { Example, ReadExamples } from '../ports/dataset.ts'
import { sampleRows } from '../training/choose-rows.ts'
import type { Target } from '../training/learner.ts'
import { predictionsOf } from '../training/predictions.ts'
import { createRandom } from '../training/random.ts'
import { createTally, type Scoring, scoringOf } from '../training/scores.ts'
import { targetReader } from '../training/targets.ts'
import { type EvaluateOptions, trainingRows } from './judge-base.ts'
import { evaluationPlan } from './plans.ts'
import { meanAndError } from './statistics.ts'
import { fitTfidf, type SparseRow } from './tfidf.ts'

/** More rows would hardly change what counted words can tell. */
const MAX_ROWS = 20_000
const EPOCHS = 20
const SEED = 1
/** Of a step on one row, falling to zero at the last. */
const RATES = { 'single-label': 2, 'multi-label': 2, regression: 0.2 }
/** Inverse of the strength of the L2 regularisation, as scikit-learn's `C`. */
const C = 10
/** The bias moves with every row: by less at once. */
const BIAS_SHARE = 0.1

/**
 * What counted words score without any pretrained model, on the rows that `judgeBase` would train and test with: logistic regression (of
 * numbers, ridge regression) on TF-IDF. Where a base is hardly above it, the task says little about bases. A mean over the seeds where they
 * choose rows; otherwise they change nothing.
 *
 * @throws ColdmeshError `bad-dataset` for a label that isn't among the dataset's
 */
export async function wordScore(
  { task, mode, seeds, plan = {} }: Pick<EvaluateOptions, 'task' | 'mode' | 'seeds' | 'plan'>,
  readExamples: ReadExamples,
): Promise<number> {
  const scores: number[] = []
  for (const seed of mode === 'few-shot' ? seeds : seeds.slice(0, 1)) {
    const dataset = await trainingRows(task, mode, seed, readExamples)
    const chosen = sampleRows(dataset.examples, MAX_ROWS, createRandom(SEED, 'word rows'))
    const examples = await Array.fromAsync(readExamples(chosen))
    const scoring = scoringOf(dataset, evaluationPlan(mode, plan, seed))
    const read = targetReader(dataset)
    const predict = fit(
      examples.map((example) => ({ ...example, target: read(example.label) })),
      scoring,
    )
    const tally = createTally(scoring)
    for await (const example of readExamples(task.test)) tally.add(predict(example), read(example.label))
    scores.push(tally.scores()[scoring.metric] ?? 0)
  }
  return meanAndError(scores).mean
}

type Row = Pick<Example, 'text' | 'pair'>

/** Learns from rows. @returns what it answers to others */
function fit(examples: readonly (Row & { readonly target: Target })[], scoring: Scoring): (row: Row) => Target {
  const random = createRandom(SEED, 'words')
  const tfidf = fitTfidf(examples)
  const model = createModel(tfidf.size, scoring)
  const scale = scaleOf(scoring, examples)
  const rows = examples.map(({ target, ...row }) => ({ features: tfidf.row(row), target: scale.inside(target) }))
  const total = EPOCHS * rows.length
  for (let step = 0; step < total; ) {
    for (const { features, target } of random.shuffle([...rows])) {
      model.learn(features, target, { rate: RATES[scoring.task] * (1 - step / total), decay: 1 / (C * rows.length) })
      step++
    }
  }
  return (row) => {
    const outputs = Float32Array.from(model.outputs(tfidf.row(row)))
    const [prediction = 0] = predictionsOf(scoring.task, outputs, 1, scoring.outputs)
    return scale.outside(prediction)
  }
}

/** A linear model whose weights are `factor` times what is kept: decay touches one number. */
function createModel(size: number, { task, outputs: count }: Scoring) {
  const weights = new Float64Array(size * count)
  const biases = new Float64Array(count)
  let factor = 1

  function outputs({ columns, values }: SparseRow): Float64Array {
    const sums = new Float64Array(count)
    for (const [index, column] of columns.entries()) {
      for (let output = 0; output < count; output++) {
        sums[output] = (sums[output] ?? 0) + (weights[column * count + output] ?? 0) * (values[index] ?? 0)
      }
    }
    return sums.map((sum, output) => sum * factor + (biases[output] ?? 0))
  }

  /** What the loss falls by for a larger output. */
  function pulls(found: Float64Array, target: Target): Float64Array {
    if (task === 'regression') return found.map((value) => Number(target) - value)
    const wanted = typeof target === 'number' ? [target] : target
    if (task === 'multi-label') {
      return found.map((value, label) => (wanted.includes(label) ? 1 : 0) - 1 / (1 + Math.exp(-value)))
    }
    const highest = Math.max(...found)
    const powers = found.map((value) => Math.exp(value - highest))
    const sum = powers.reduce((total, power) => total + power, 0)
    return powers.map((power, label) => (label === wanted[0] ? 1 : 0) - power / sum)
  }

  return {
    outputs,
    learn(row: SparseRow, target: Target, { rate, decay }: { readonly rate: number; readonly decay: number }): void {
      const pull = pulls(outputs(row), target)
      factor *= 1 - rate * decay
      for (let output = 0; output < count; output++) {
        const by = rate * (pull[output] ?? 0)
        biases[output] = (biases[output] ?? 0) + by * BIAS_SHARE
        for (const [index, column] of row.columns.entries()) {
          const place = column * count + output
          weights[place] = (weights[place] ?? 0) + (by / factor) * (row.values[index] ?? 0)
        }
      }
    },
  }
}

/** Numbers in units of their standard deviation from their mean; everything else as it is. */
function scaleOf({ task }: Scoring, rows: readonly { readonly target: Target }[]) {
  if (task !== 'regression') return { inside: (target: Target) => target, outside: (target: Target) => target }
  const numbers = rows.map(({ target }) => Number(target))
  const mean = numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length)
  const variance = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, numbers.length)
  const deviation = Math.sqrt(variance) || 1
  return {
    inside: (target: Target) => (Number(target) - mean) / deviation,
    outside: (target: Target) => Number(target) * deviation + mean,
  }
}
