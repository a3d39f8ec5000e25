import type { Dataset, Example } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Head, Model, TrainingPlan, TrainingProgress, TrainingResult, TrainingSnapshot } from '../ports/trainer.ts'
import { bucketLength } from '../training/batches.ts'
import { type ClassifierShape, startingHead } from '../training/classifier.ts'
import { checkBody } from '../training/encoders/encoder-body.ts'
import { type EncoderConfig, withDropout } from '../training/encoders/encoder-config.ts'
import { readEncoderConfig } from '../training/encoders/read-config.ts'
import type { Engine } from '../training/engine.ts'
import { evaluate, type FitOptions, fit } from '../training/fit.ts'
import { createFrozenLearner, createPredictor } from '../training/frozen-learner.ts'
import { labelName } from '../training/labels.ts'
import type { LabelledRow } from '../training/learner.ts'
import { completePlan } from '../training/plan.ts'
import { decodeSnapshot, encodeSnapshot, type FitState, fingerprintOf } from '../training/snapshot.ts'
import { splitExamples } from '../training/split.ts'
import { createTextEncoder } from '../training/text-encoder.ts'

// What the worker does. All of it blocks its thread between the checks for an abort.

export interface TrainTask {
  readonly model: Model
  readonly head: Head | null
  readonly dataset: Dataset
  readonly plan: TrainingPlan
  readonly snapshot?: TrainingSnapshot | undefined
  /** Absent: no snapshots. */
  readonly snapshotEveryMs?: number | undefined
}

export interface EvaluateTask {
  readonly model: Model
  readonly head: Head
  readonly examples: readonly Example[]
  readonly maxTokens: number
}

export interface TaskContext {
  readonly engine: Engine
  readonly now: () => number
  /** @throws ColdmeshError `aborted` */
  readonly checkAborted: () => void
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
  const plan = completePlan(given)
  const config = withDropout(readEncoderConfig(model.config), plan.dropout)
  const { labels } = dataset
  const shape: ClassifierShape = { config, body: checkBody(config, model.body), classes: labels.length }
  const maxTokens = Math.min(plan.maxTokens, config.maxPositions)
  const split = splitDataset(dataset, plan)
  const encode = rowEncoder(model, config, labels, maxTokens, context)
  const training = encode(split.training)
  const validation = encode(split.validation)
  const start = startingHead(shape, head, labels, plan.seed)
  const learnerOptions = {
    shape,
    body: model.body,
    head: start.weights,
    plan: { ...plan, maxTokens },
    batch: Math.min(plan.batch, training.length),
    longest: Math.max(...training.map(({ ids }) => bucketLength(ids.length, maxTokens))),
    rows: [...training, ...validation],
    maxTokens,
    now: context.now,
    checkAborted: context.checkAborted,
  }
  const { engine } = context
  const learner =
    plan.mode === 'frozen'
      ? await createFrozenLearner(engine, learnerOptions)
      : await engine.createLearner(learnerOptions)
  try {
    const facts = { engine: [engine.name, engine.device], plan, config, split: [training.length, validation.length] }
    const snapshots =
      snapshotEveryMs === undefined && snapshot === undefined
        ? {}
        : createSnapshots({
            fingerprint: fingerprintOf({
              facts,
              rows: learnerOptions.rows,
              weights: [...learnerOptions.body, ...learnerOptions.head],
            }),
            trainer: engine.name,
            given: snapshot,
            everyMs: snapshotEveryMs,
            take: context.onSnapshot,
          })
    const scope = { ...context, plan: learnerOptions.plan, training, validation, ...snapshots }
    const before = start.isNew ? null : (await evaluate(learner, validation, { maxTokens, ...context })).accuracy
    const { steps, accuracy, spentMs } = await fit(learner, scope)
    return {
      body: await learner.body(),
      head: { labels, weights: await learner.head() },
      steps,
      seconds: (spentMs + context.now() - started) / 1_000,
      validation: { rows: validation.length, before, after: accuracy },
      rows: training.length,
    }
  } finally {
    await learner.release()
  }
}

/** Evaluates. @throws ColdmeshError as `Trainer.evaluate` */
export async function runEvaluate(
  { model, head, examples, maxTokens: wanted }: EvaluateTask,
  context: TaskContext,
): Promise<{ readonly rows: number; readonly accuracy: number; readonly macroF1: number }> {
  const config = readEncoderConfig(model.config)
  const shape: ClassifierShape = { config, body: checkBody(config, model.body), classes: head.labels.length }
  const maxTokens = Math.min(wanted, config.maxPositions)
  const { isNew, weights } = startingHead(shape, head, head.labels, 0)
  if (isNew)
    throw new ColdmeshError('bad-model', "The head's weights don't fit its labels and this model's hidden size")
  if (examples.length === 0) throw new ColdmeshError('bad-dataset', 'There are no rows to evaluate')
  const rows = rowEncoder(model, config, head.labels, maxTokens, context)(examples)
  const predictor = await createPredictor(context.engine, { shape, body: model.body, head: weights })
  try {
    return { rows: rows.length, ...(await evaluate(predictor, rows, { maxTokens, ...context })) }
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

function splitDataset({ examples, validation, labels }: Dataset, plan: TrainingPlan) {
  const split =
    validation === undefined
      ? splitExamples(examples, { fraction: plan.validationFraction, seed: plan.seed })
      : { training: examples, validation }
  if (labels.length < 2) {
    throw new ColdmeshError('bad-dataset', `The dataset has ${labels.length} label(s), a classifier needs at least 2`)
  }
  if (split.training.length === 0 || split.validation.length === 0) {
    throw new ColdmeshError('bad-dataset', 'The dataset has too few rows to hold some out for validation', {
      facts: { rows: examples.length },
      hint: 'Give at least two different texts of each label.',
    })
  }
  return split
}

/** Examples as rows of tokens. @throws ColdmeshError `bad-dataset` for a label that isn't among `labels` */
export function rowEncoder(
  model: Model,
  config: EncoderConfig,
  labels: readonly string[],
  maxTokens: number,
  { checkAborted }: Pick<TaskContext, 'checkAborted'>,
): (examples: readonly Example[]) => LabelledRow[] {
  const encoder = createTextEncoder(model, { maxTokens, ...config })
  const indices = new Map(labels.map((label, index) => [label, index]))
  return (examples) =>
    examples.map((example) => {
      checkAborted()
      const label = indices.get(labelName(example.label))
      if (label === undefined) {
        throw new ColdmeshError(
          'bad-dataset',
          `A row has the label ${JSON.stringify(example.label)}, which isn't one of those given`,
          {
            facts: { label: labelName(example.label) },
          },
        )
      }
      return { ...encoder.encode(example), label }
    })
}
