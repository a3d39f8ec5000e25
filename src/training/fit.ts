import { ColdmeshError } from '../ports/errors.ts'
import type { TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { evaluationBatches, trainingBatches } from './batches.ts'
import { createEarlyStopping } from './early-stopping.ts'
import { EVALUATION_BATCH, type LabelledRow, type Learner, type Predictor } from './learner.ts'
import { accuracy, macroF1 } from './metrics.ts'
import { createRandom } from './random.ts'
import { rateFactor } from './schedule.ts'

/** Progress is told at most this often, evaluations always. */
const PROGRESS_INTERVAL_MS = 100

export interface FitOptions {
  readonly training: readonly LabelledRow[]
  readonly validation: readonly LabelledRow[]
  readonly plan: TrainingPlan
  readonly onProgress: (progress: TrainingProgress) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
  /** @throws ColdmeshError `aborted` */
  readonly checkAborted: () => void
}

/**
 * The training loop. When it returns, `learner` has the weights of the best evaluation.
 *
 * @returns the steps done and the best accuracy on the validation rows
 */
export async function fit(
  learner: Learner,
  options: FitOptions,
): Promise<{ readonly steps: number; readonly accuracy: number }> {
  const { training, validation, plan, onProgress, checkAborted } = options
  const lengths = training.map(({ ids }) => ids.length)
  const batches = trainingBatches(lengths, { ...plan, random: createRandom(plan.seed, 'batches') })
  const stopping = createEarlyStopping(plan)
  const meter = createMeter(options.now)
  let best = 0
  for (let step = 0; step < plan.steps; step++) {
    let loss = 0
    for (let part = 0; part < plan.accumulation; part++) {
      checkAborted()
      const batch = batches.next().value
      const rows = batch.rows.flatMap((index) => training[index] ?? [])
      loss += (await learner.learn(rows, batch.length)) / plan.accumulation
      meter.count(rows)
    }
    if (!Number.isFinite(loss)) throw diverged(step + 1)
    const rate = plan.learningRate * rateFactor(plan, step)
    learner.step({ body: rate, head: rate * plan.headRate })
    const isLast = step + 1 === plan.steps
    const evaluates = isLast || (plan.evaluateEvery > 0 && (step + 1) % plan.evaluateEvery === 0)
    meter.pause()
    const report = {
      step: step + 1,
      steps: plan.steps,
      loss,
      tokensPerSecond: learner.tokensPerSecond ?? meter.tokensPerSecond(),
    }
    if (!evaluates) {
      if (meter.isDue()) onProgress(report)
      continue
    }
    const scored = (await evaluate(learner, validation, { ...plan, checkAborted })).accuracy
    onProgress({ ...report, validationAccuracy: scored })
    const verdict = stopping.observe(scored)
    if (verdict.best) {
      best = scored
      learner.keep()
    }
    if (isLast || verdict.stop) {
      learner.restore()
      return { steps: step + 1, accuracy: best }
    }
  }
  throw new Error('a plan has steps')
}

/** Accuracy and macro F1 of `model` on `rows`. */
export async function evaluate(
  model: Pick<Predictor, 'predict'>,
  rows: readonly LabelledRow[],
  { maxTokens, checkAborted }: { readonly maxTokens: number; readonly checkAborted: () => void },
): Promise<{ readonly accuracy: number; readonly macroF1: number }> {
  const lengths = rows.map(({ ids }) => ids.length)
  const predicted: number[] = []
  const actual: number[] = []
  for (const batch of evaluationBatches(lengths, { batch: EVALUATION_BATCH, maxTokens })) {
    checkAborted()
    const some = batch.rows.flatMap((index) => rows[index] ?? [])
    predicted.push(...(await model.predict(some, batch.length)))
    actual.push(...some.map(({ label }) => label))
  }
  return { accuracy: accuracy(predicted, actual), macroF1: macroF1(predicted, actual) }
}

/** Counts tokens, without padding, over the time spent on training steps. */
export function createMeter(now: () => number) {
  let tokens = 0
  let spentMs = 0
  let since = now()
  let reported = Number.NEGATIVE_INFINITY
  return {
    count(rows: readonly LabelledRow[]): void {
      for (const { ids } of rows) tokens += ids.length
    },
    pause(): void {
      const paused = now()
      spentMs += paused - since
      since = paused
    },
    tokensPerSecond: () => (spentMs > 0 ? (tokens * 1_000) / spentMs : 0),
    isDue(): boolean {
      if (since - reported < PROGRESS_INTERVAL_MS) return false
      reported = since
      return true
    },
  }
}

export function diverged(step: number): ColdmeshError {
  return new ColdmeshError('bad-input', `Training diverged at step ${step}: the loss is not a number`, {
    facts: { step },
    hint: 'Lower learningRate or headRate in the plan, or set clipNorm to 1.',
  })
}
