import { ColdmeshError } from '../ports/errors.ts'
import type { Scores, TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { evaluationBatches, trainingBatches } from './batches.ts'
import { createEarlyStopping, patienceOf } from './early-stopping.ts'
import { EVALUATION_BATCH, type LabelledRow, type Learner, type Predictor, type Target } from './learner.ts'
import { predictionsOf } from './predictions.ts'
import { createRandom } from './random.ts'
import { lengthsOf, type TokenRows } from './rows.ts'
import { rateFactor } from './schedule.ts'
import { createTally, type Scoring } from './scores.ts'
import type { FitState } from './snapshot.ts'
import { createSnapshotClock } from './snapshot-clock.ts'
import { type TargetScale, unscaled } from './target-scale.ts'
import { createTimeBudget } from './time-budget.ts'

/** Progress is told at most this often, evaluations always. */
const PROGRESS_INTERVAL_MS = 100

export interface FitOptions {
  readonly training: TokenRows
  readonly validation: TokenRows
  readonly plan: TrainingPlan
  readonly scoring: ScaledScoring
  readonly onProgress: (progress: TrainingProgress) => void
  /** Milliseconds on a clock that only goes forward. */
  readonly now: () => number
  /** When the training began, on that clock: what a time limit counts from. */
  readonly startedMs: number
  /** @throws ColdmeshError `aborted` */
  readonly checkAborted: () => void
  /** Where an interrupted training of the same learner, rows and plan was; ignored when it doesn't fit. */
  readonly resume?: FitState | null
  readonly snapshots?: { readonly everyMs: number; readonly take: (state: FitState) => void }
}

/** How a model is scored; `scale`: the unit of a regression's rows and outputs, null where it is the labels' own. */
export interface ScaledScoring extends Scoring {
  readonly scale: TargetScale | null
}

/**
 * The training loop. When it returns, `learner` has the weights of the best evaluation.
 *
 * @returns the steps done, the best scores on the validation rows, and the milliseconds spent before a resumption
 */
export async function fit(
  learner: Learner,
  options: FitOptions,
): Promise<{ readonly steps: number; readonly scores: Scores; readonly spentMs: number }> {
  const { training, validation, plan, scoring, onProgress, checkAborted } = options
  const lengths = lengthsOf(training)
  const batches = trainingBatches(lengths, { ...plan, random: createRandom(plan.seed, 'batches') })
  const stopping = createEarlyStopping({ ...plan, patience: patienceOf(plan, training.length) })
  const meter = createMeter(options.now)
  const clock = createSnapshotClock({
    everyMs: options.snapshots?.everyMs ?? Number.POSITIVE_INFINITY,
    now: options.now,
  })
  const observed: Scores[] = []
  let best: Scores = {}
  const observe = (scores: Scores) => {
    observed.push(scores)
    const verdict = stopping.observe(scores[scoring.metric] ?? 0)
    if (verdict.best) best = scores
    return verdict
  }
  const resumed = await goOn(learner, options)
  const { step: first = 0, spentMs = 0 } = resumed ?? {}
  const budget = createTimeBudget(plan, resumed?.steps ?? null)
  const spent = () => spentMs + options.now() - options.startedMs
  if (resumed !== null) {
    for (const scores of resumed.observed) observe(scores)
    for (let drawn = 0; drawn < first * plan.accumulation; drawn++) batches.next()
    const { steps } = budget
    onProgress({ step: first, steps, loss: resumed.loss, tokensPerSecond: 0, secondsLeft: 0, isResumed: true })
  }

  async function takeSnapshot(step: number, loss: number): Promise<void> {
    if (!clock.isDue() || learner.save === undefined) return
    const state = await clock.time(async () => await learner.save?.())
    const { fixed: steps } = budget
    if (state !== undefined)
      options.snapshots?.take({ step, steps, spentMs: spent(), loss, observed: [...observed], learner: state })
  }

  for (let step = first; step < budget.steps; step++) {
    let loss = 0
    meter.resume()
    for (let part = 0; part < plan.accumulation; part++) {
      checkAborted()
      const batch = batches.next().value
      const rows = batch.rows.map((index) => training.row(index))
      loss += (await learner.learn(rows, batch.length)) / plan.accumulation
      meter.count(rows)
    }
    if (!Number.isFinite(loss)) throw diverged(step + 1)
    const rate = plan.learningRate * rateFactor({ ...plan, steps: budget.steps }, step)
    learner.step({ body: rate, head: rate * plan.headRate })
    budget.passed(step + 1, spent())
    const isLast = step + 1 >= budget.steps || budget.isOver(spent())
    const evaluates = isLast || (plan.evaluateEvery > 0 && (step + 1) % plan.evaluateEvery === 0)
    meter.pause()
    const report = {
      step: step + 1,
      steps: budget.steps,
      loss,
      tokensPerSecond: learner.tokensPerSecond ?? meter.tokensPerSecond(),
      secondsLeft: ((budget.steps - step - 1) * meter.stepMs()) / 1_000,
    }
    if (!evaluates) {
      if (meter.isDue()) onProgress(report)
      await takeSnapshot(step + 1, loss)
      continue
    }
    const scores = await evaluate(learner, validation, { ...plan, scoring, checkAborted })
    onProgress({ ...report, validation: { metric: scoring.metric, score: scores[scoring.metric] ?? 0 } })
    const verdict = observe(scores)
    if (verdict.best) learner.keep()
    if (isLast || verdict.stop) {
      learner.restore()
      return { steps: step + 1, scores: best, spentMs }
    }
    await takeSnapshot(step + 1, loss)
  }
  throw new Error('a plan has steps')
}

/** Brings the learner to where `resume` was; null when it starts anew. */
async function goOn(learner: Learner, { resume, plan }: FitOptions): Promise<FitState | null> {
  if (!resume || resume.step >= (resume.steps ?? plan.steps)) return null
  return (await learner.load?.(resume.learner)) === true ? resume : null
}

/** Scores of `model` on `rows`. */
export async function evaluate(
  model: Pick<Predictor, 'predict'>,
  rows: TokenRows,
  options: { readonly maxTokens: number; readonly scoring: ScaledScoring; readonly checkAborted: () => void },
): Promise<Scores> {
  const { maxTokens, scoring, checkAborted } = options
  const { task, outputs, scale } = scoring
  const lengths = lengthsOf(rows)
  const tally = createTally(scoring)
  const own = (target: Target) => (scale === null ? target : unscaled(Number(target), scale))
  for (const batch of evaluationBatches(lengths, { batch: EVALUATION_BATCH, maxTokens })) {
    checkAborted()
    const some = batch.rows.map((index) => rows.row(index))
    const predicted = predictionsOf(task, await model.predict(some, batch.length), some.length, outputs)
    for (const [index, { label }] of some.entries()) tally.add(own(predicted[index] ?? Number.NaN), own(label))
  }
  return tally.scores()
}

/** Counts tokens, without padding, over the time spent on training steps. */
export function createMeter(now: () => number) {
  let tokens = 0
  let steps = 0
  let spentMs = 0
  let since = now()
  let reported = Number.NEGATIVE_INFINITY
  return {
    count(rows: readonly LabelledRow[]): void {
      for (const { ids } of rows) tokens += ids.length
    },
    resume(): void {
      since = now()
    },
    pause(): void {
      const paused = now()
      steps++
      spentMs += paused - since
      since = paused
    },
    /** Milliseconds of a step, the mean so far. */
    stepMs: () => (steps > 0 ? spentMs / steps : 0),
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
