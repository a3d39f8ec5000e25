import type { OnRead } from '../adapters/datasets/index.ts'
import type { Dataset, Example, Examples } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type {
  Evaluated,
  Head,
  Metric,
  Model,
  TrainingPlan,
  TrainingProgress,
  TrainingResult,
  TrainingSnapshot,
} from '../ports/trainer.ts'
import { bucketLength } from '../training/batches.ts'
import { sampleRows } from '../training/choose-rows.ts'
import { type ClassifierShape, startingHead } from '../training/classifier.ts'
import { checkBody } from '../training/encoders/encoder-body.ts'
import { type EncoderConfig, withDropout } from '../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import type { Engine } from '../training/engine.ts'
import { evaluate, type FitOptions, fit } from '../training/fit.ts'
import { checkFreeze } from '../training/freezing.ts'
import { createFrozenLearner, createPredictor } from '../training/frozen-learner.ts'
import { checkLabels, type LabelSpace } from '../training/labels.ts'
import type { LabelledRow } from '../training/learner.ts'
import { checkMemory, estimateMemory } from '../training/memory.ts'
import { completePlan, withEpochs } from '../training/plan.ts'
import { createRandom } from '../training/random.ts'
import { eachRow, lengthsOf, type RowTarget, type TokenRows } from '../training/rows.ts'
import { scoringOf } from '../training/scores.ts'
import { decodeSnapshot, encodeSnapshot, type FitState, fingerprintOf } from '../training/snapshot.ts'
import { headFromScale, headToScale, scaleTargets, type TargetScale, targetScale } from '../training/target-scale.ts'
import { targetReader } from '../training/targets.ts'
import { createTextEncoder } from '../training/text-encoder.ts'
import { createStore, encodeDataset, encodeRows } from './encode-dataset.ts'
import { BY_NAME_ONLY, GPU_ENGINES } from './names.ts'

// What the worker does. All of it blocks its thread between the checks for an abort.

/** Rows of a sample, at least: enough to hold some out that tell something. */
const MIN_SAMPLE = 2_000
/** A dataset is sampled from so many times the rows on that are wanted of it. */
const SAMPLED_ABOVE = 2

export interface TrainTask {
  readonly model: Model
  readonly head: Head | null
  readonly dataset: Dataset<Examples>
  readonly plan: TrainingPlan
  readonly snapshot?: TrainingSnapshot | undefined
  /** Absent: no snapshots. */
  readonly snapshotEveryMs?: number | undefined
}

export interface EvaluateTask {
  readonly model: Model
  readonly head: Head
  readonly examples: Examples
  readonly maxTokens: number
  readonly metric?: Metric | null
  readonly positive?: string | null
}

export interface TaskContext {
  readonly engine: Engine
  readonly now: () => number
  /** Bytes of memory that this process may still take. */
  readonly availableMemory: () => number
  /** The most memory that it has had. */
  readonly peakMemory: () => number
  /** @throws ColdmeshError `aborted` */
  readonly checkAborted: () => void
  /** Told while rows are read. */
  readonly onRead?: OnRead
}

/** Finetunes. @throws ColdmeshError as `Trainer.train` */
export async function runTrain(
  { model, head, dataset, plan: given, snapshot, snapshotEveryMs }: TrainTask,
  context: TaskContext & {
    readonly onProgress: (progress: TrainingProgress) => void
    readonly onSnapshot: (snapshot: TrainingSnapshot) => void
  },
): Promise<TrainingResult> {
  const started = context.now()
  const wanted = completePlan(given)
  const config = withDropout(readEncoderConfig(model.config), wanted.dropout)
  checkFreeze(wanted, config.layers)
  const { task = 'single-label', labels } = dataset
  const scoring = scoringOf(dataset, wanted)
  const shape: ClassifierShape = { config, body: checkBody(config, model.body), classes: scoring.outputs }
  const maxTokens = Math.min(wanted.maxTokens, config.maxPositions)
  checkLabels(dataset)
  const encode = exampleEncoder(model, config, dataset, maxTokens)
  const { checkAborted, onRead } = context
  using encoded = await encodeDataset(rowsToRead(dataset, wanted), { plan: wanted, encode, checkAborted, onRead })
  const plan = withEpochs(wanted, encoded.training.length)
  const scale = task === 'regression' ? scaleOf(encoded.training.targets) : null
  const inScale = (rows: TokenRows) => (scale === null ? rows : rows.withTargets(scaleTargets(rows.targets, scale)))
  const training = inScale(encoded.training)
  const validation = inScale(encoded.validation)
  const rows = function* () {
    yield* eachRow(training)
    yield* eachRow(validation)
  }
  const start = startingHead(shape, head, dataset, plan.seed)
  const learnerOptions = {
    shape,
    body: model.body,
    head: start.isNew || scale === null ? start.weights : headToScale(start.weights, scale),
    plan: { ...plan, maxTokens },
    batch: Math.min(plan.batch, training.length),
    longest: lengthsOf(training).reduce((longest, tokens) => Math.max(longest, bucketLength(tokens, maxTokens)), 0),
    maxTokens,
    now: context.now,
    checkAborted,
  }
  const { engine } = context
  const load = { ...learnerOptions.plan, batch: learnerOptions.batch, maxTokens: learnerOptions.longest }
  if (![...GPU_ENGINES, ...BY_NAME_ONLY].some((name) => name === engine.name)) {
    const rows = Math.min(training.length, rowsDrawn(plan) || training.length) + validation.length
    const needed = estimateMemory({ config, body: model.body, plan: load, rows, engine: engine.name })
    checkMemory(needed, context.availableMemory(), load)
  }
  using features = createStore('features')
  const learner =
    plan.mode === 'frozen'
      ? await createFrozenLearner(engine, {
          ...learnerOptions,
          rows: [training, validation],
          places: encoded.places,
          needsAll: rowsDrawn(plan) >= training.length,
          store: features,
        })
      : await engine.createLearner(learnerOptions)
  try {
    const facts = { engine: [engine.name, engine.device], plan, config, split: [training.length, validation.length] }
    const snapshots =
      snapshotEveryMs === undefined && snapshot === undefined
        ? {}
        : createSnapshots({
            fingerprint: fingerprintOf({
              facts,
              rows: rows(),
              weights: [...learnerOptions.body, ...learnerOptions.head],
            }),
            trainer: engine.name,
            given: snapshot,
            everyMs: snapshotEveryMs,
            take: context.onSnapshot,
          })
    const scaled = { ...scoring, scale }
    const scope = {
      ...context,
      startedMs: started,
      plan: learnerOptions.plan,
      scoring: scaled,
      training,
      validation,
      ...snapshots,
    }
    const before = start.isNew ? null : await evaluate(learner, validation, { maxTokens, scoring: scaled, ...context })
    const { steps, scores, spentMs } = await fit(learner, scope)
    const learned = await learner.head()
    const { metric } = scoring
    return {
      body: await learner.body(),
      head: { ...(dataset.task && { task }), labels, weights: scale ? headFromScale(learned, scale) : learned },
      steps,
      seconds: (spentMs + context.now() - started) / 1_000,
      validation: {
        rows: validation.length,
        metric,
        before: before?.[metric] ?? null,
        after: scores[metric] ?? 0,
        scores,
      },
      rows: training.length,
      peakMemoryBytes: context.peakMemory(),
    }
  } finally {
    await learner.release()
  }
}

/** Evaluates. @throws ColdmeshError as `Trainer.evaluate` */
export async function runEvaluate(
  { model, head, examples, maxTokens: wanted, metric = null, positive = null }: EvaluateTask,
  context: TaskContext,
): Promise<Evaluated> {
  const config = readEncoderConfig(model.config)
  const scoring = { ...scoringOf(head, { metric, positive }), scale: null }
  const shape: ClassifierShape = { config, body: checkBody(config, model.body), classes: scoring.outputs }
  const maxTokens = Math.min(wanted, config.maxPositions)
  const { isNew, weights } = startingHead(shape, head, head, 0)
  if (isNew)
    throw new ColdmeshError('bad-model', "The head's weights don't fit its labels and this model's hidden size")
  if (examples.length === 0) throw new ColdmeshError('bad-dataset', 'There are no rows to evaluate')
  const encode = exampleEncoder(model, config, head, maxTokens)
  using encoded = await encodeRows(examples, { encode, ...context })
  const { rows } = encoded
  const predictor = await createPredictor(context.engine, { shape, body: model.body, head: weights })
  try {
    const scores = await evaluate(predictor, rows, { maxTokens, scoring, ...context })
    return { rows: rows.length, metric: scoring.metric, score: scores[scoring.metric] ?? 0, scores }
  } finally {
    await predictor.release()
  }
}

function createSnapshots(options: {
  readonly fingerprint: string
  readonly trainer: string
  readonly given: TrainingSnapshot | undefined
  readonly everyMs: number | undefined
  readonly take: (snapshot: TrainingSnapshot) => void
}): Pick<FitOptions, 'resume' | 'snapshots'> {
  const { fingerprint, trainer, given, everyMs, take } = options
  const resume = given?.trainer === trainer ? decodeSnapshot(given.bytes, fingerprint) : null
  if (everyMs === undefined) return { resume }
  const give = (state: FitState) => take({ trainer, step: state.step, bytes: encodeSnapshot(fingerprint, state) })
  return { resume, snapshots: { everyMs, take: give } }
}

/** @throws ColdmeshError `bad-dataset` when all numbers are one: there is nothing to learn */
function scaleOf(training: readonly RowTarget[]): TargetScale {
  if (training.every(({ label }) => label === training[0]?.label)) {
    throw new ColdmeshError('bad-dataset', 'All rows to learn from have the same number', {
      facts: { number: Number(training[0]?.label) },
      hint: 'Check that the label column is the right one.',
    })
  }
  return targetScale(training)
}

/** Of many more rows than the steps can use, a sample: the others would be turned into tokens for nothing. */
function rowsToRead(dataset: Dataset<Examples>, plan: TrainingPlan): Dataset<Examples> {
  const { examples, validation } = dataset
  const training = validation === undefined ? 1 - plan.validationFraction : 1
  const count = Math.max(MIN_SAMPLE, Math.ceil(rowsDrawn(plan) / training))
  if (rowsDrawn(plan) === 0 || examples.length < SAMPLED_ABOVE * count) return dataset
  return { ...dataset, examples: sampleRows(examples, count, createRandom(plan.seed, 'rows')) }
}

/** Rows that a plan asks for at most; with a time limit nobody knows, so that none is looked at before it is needed. */
function rowsDrawn({ steps, batch, accumulation, maxSeconds }: TrainingPlan): number {
  return maxSeconds === null ? steps * batch * accumulation : 0
}

/** Examples as rows of tokens. @throws ColdmeshError `bad-dataset` for a label that isn't among the task's */
export function exampleEncoder(
  model: Model,
  config: EncoderConfig,
  space: LabelSpace,
  maxTokens: number,
): (example: Example) => LabelledRow {
  const encoder = createTextEncoder(model, { maxTokens, ...config })
  const targetOf = targetReader(space)
  const { task } = space
  return (example) => ({ ...encoder.encode(example), label: targetOf(example.label), ...(task && { task }) })
}
