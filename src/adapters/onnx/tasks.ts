import type { Dataset, Example } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Head, Model, TrainingPlan, TrainingProgress, TrainingResult } from '../../ports/trainer.ts'
import { bucketLength } from '../../training/batches.ts'
import { completePlan } from '../../training/plan.ts'
import { splitExamples } from '../../training/split.ts'
import { type BertConfig, checkBertBody, readBertConfig, withDropout } from './bert-config.ts'
import { type ClassifierShape, startingHead } from './classifier.ts'
import { evaluate, fit } from './fit.ts'
import { createFrozenLearner } from './frozen-learner.ts'
import { createFullLearner } from './full-learner.ts'
import type { LabelledRow } from './learner.ts'
import { createModelPredictor } from './predictor.ts'
import { loadRuntime } from './runtime.ts'
import { createTextEncoder } from './tokenize.ts'

// What the worker does. All of it blocks its thread between the checks for an abort.

export interface TrainTask {
  readonly model: Model
  readonly head: Head | null
  readonly dataset: Dataset
  readonly plan: TrainingPlan
}

export interface EvaluateTask {
  readonly model: Model
  readonly head: Head
  readonly examples: readonly Example[]
  readonly maxTokens: number
}

export interface TaskContext {
  readonly threads: number
  /** @throws ColdmeshError `aborted` */
  readonly checkAborted: () => void
}

/** Finetunes. @throws ColdmeshError as `Trainer.train` */
export async function runTrain(
  { model, head, dataset, plan: given }: TrainTask,
  context: TaskContext & { readonly onProgress: (progress: TrainingProgress) => void },
): Promise<TrainingResult> {
  const started = performance.now()
  const plan = completePlan(given)
  const config = withDropout(readBertConfig(model.config), plan.dropout)
  const { labels } = dataset
  const shape: ClassifierShape = { config, body: checkBertBody(config, model.body), classes: labels.length }
  const maxTokens = Math.min(plan.maxTokens, config.maxPositions)
  const split = splitDataset(dataset, plan)
  const encode = rowEncoder(model, config, labels, maxTokens, context)
  const training = encode(split.training)
  const validation = encode(split.validation)
  const start = startingHead(shape, head, labels, plan.seed)
  const learnerOptions = {
    runtime: await loadRuntime(),
    threads: context.threads,
    shape,
    body: model.body,
    head: start.weights,
    plan: { ...plan, maxTokens },
    batch: Math.min(plan.batch, training.length),
    longest: Math.max(...training.map(({ ids }) => bucketLength(ids.length, maxTokens))),
    rows: [...training, ...validation],
    checkAborted: context.checkAborted,
  }
  const learner = plan.mode === 'frozen' ? await createFrozenLearner(learnerOptions) : createFullLearner(learnerOptions)
  try {
    const scope = { ...context, plan: learnerOptions.plan, training, validation }
    const before = start.isNew ? null : (await evaluate(learner, validation, { maxTokens, ...context })).accuracy
    const { steps, accuracy } = await fit(learner, scope)
    return {
      body: learner.body(),
      head: { labels, weights: learner.head() },
      steps,
      seconds: (performance.now() - started) / 1_000,
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
  const config = readBertConfig(model.config)
  const shape: ClassifierShape = { config, body: checkBertBody(config, model.body), classes: head.labels.length }
  const maxTokens = Math.min(wanted, config.maxPositions)
  const { isNew, weights } = startingHead(shape, head, head.labels, 0)
  if (isNew)
    throw new ColdmeshError('bad-model', "The head's weights don't fit its labels and this model's hidden size")
  if (examples.length === 0) throw new ColdmeshError('bad-dataset', 'There are no rows to evaluate')
  const rows = rowEncoder(model, config, head.labels, maxTokens, context)(examples)
  const options = { runtime: await loadRuntime(), threads: context.threads, shape }
  const predictor = createModelPredictor(options, { body: model.body, head: weights })
  try {
    return { rows: rows.length, ...(await evaluate(predictor, rows, { maxTokens, ...context })) }
  } finally {
    await predictor.release()
  }
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

function rowEncoder(
  model: Model,
  config: BertConfig,
  labels: readonly string[],
  maxTokens: number,
  { checkAborted }: TaskContext,
): (examples: readonly Example[]) => LabelledRow[] {
  const encoder = createTextEncoder(model, { maxTokens, ...config })
  const indices = new Map(labels.map((label, index) => [label, index]))
  return (examples) =>
    examples.map((example) => {
      checkAborted()
      const label = indices.get(example.label)
      if (label === undefined) {
        throw new ColdmeshError(
          'bad-dataset',
          `A row has the label ${JSON.stringify(example.label)}, which isn't one of those given`,
          {
            facts: { label: example.label },
          },
        )
      }
      return { ...encoder.encode(example), label }
    })
}
