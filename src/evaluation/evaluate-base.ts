import type { Dataset, Example } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Model, Trainer, TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { labelName } from '../training/labels.ts'
import { majorityAccuracy } from '../training/metrics.ts'
import { sampleFewShot } from './few-shot.ts'
import { type EvaluationMode, evaluationPlan } from './plans.ts'
import { type MeanAndError, meanAndError } from './statistics.ts'

/** A task that bases are judged on. Its test rows are read once a seed, after training; nothing is chosen by them. */
export interface EvaluationTask {
  readonly name: string
  readonly train: Dataset
  /** Instead of `train.validation`; when neither is there, the trainer holds out a part of `train`. */
  readonly validation?: readonly Example[]
  readonly test: readonly Example[]
}

export interface Evaluation extends MeanAndError {
  readonly task: string
  readonly mode: EvaluationMode
  readonly seeds: readonly number[]
  /** On the test rows, a fraction for each seed. */
  readonly accuracies: readonly number[]
  /** What always answering the commonest label of the training rows scores. */
  readonly majority: number
  /** Rows trained on, and tested with. */
  readonly rows: number
  readonly testRows: number
  readonly labels: number
  /** Of the first seed; the others differ in their seed only. */
  readonly plan: TrainingPlan
  /** The engine. */
  readonly trainer: string
  readonly device: string
  /** Spent training. */
  readonly seconds: number
}

export interface EvaluateOptions {
  readonly trainer: Trainer
  /** The base to judge. */
  readonly model: Model
  readonly task: EvaluationTask
  readonly mode: EvaluationMode
  /** Each trains anew from the base: another new head, other batches and dropout, in few-shot mode another sample. */
  readonly seeds: readonly number[]
  /** Changes to the mode's plan. Give each base that is compared the same. */
  readonly plan?: Partial<TrainingPlan>
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TrainingProgress & { readonly seed: number }) => void
}

/**
 * How well a base learns a task: trains from it with a new head for each seed, and scores the result on the test rows.
 *
 * @throws ColdmeshError `bad-input` for no seeds, repeated ones or a bad plan; `bad-dataset` for a task without test rows or with labels that
 *   only they have; and as `Trainer.train`
 */
export async function evaluateBase(options: EvaluateOptions): Promise<Evaluation> {
  const { trainer, model, task, mode, seeds, plan: changes = {}, signal, onProgress } = options
  checkSeeds(seeds)
  checkTask(task)
  const accuracies: number[] = []
  let rows = 0
  let seconds = 0
  for (const seed of seeds) {
    const plan = evaluationPlan(mode, changes, seed)
    const trained = await trainer.train({
      model,
      head: null,
      dataset: trainingRows(task, mode, seed),
      plan,
      ...(signal && { signal }),
      ...(onProgress && { onProgress: (progress: TrainingProgress) => onProgress({ ...progress, seed }) }),
    })
    const { accuracy } = await trainer.evaluate({
      model: { ...model, body: trained.body },
      head: trained.head,
      examples: task.test,
      maxTokens: plan.maxTokens,
      ...(signal && { signal }),
    })
    accuracies.push(accuracy)
    rows = trained.rows
    seconds += trained.seconds
  }
  const labelsOf = (examples: readonly Example[]) => examples.map(({ label }) => labelName(label))
  return {
    task: task.name,
    mode,
    seeds,
    accuracies,
    ...meanAndError(accuracies),
    majority: majorityAccuracy(labelsOf(task.train.examples), labelsOf(task.test)),
    rows,
    testRows: task.test.length,
    labels: task.train.labels.length,
    plan: evaluationPlan(mode, changes, seeds[0] ?? 0),
    trainer: trainer.name,
    device: trainer.device,
    seconds,
  }
}

function trainingRows(
  { name, train, validation = train.validation }: EvaluationTask,
  mode: EvaluationMode,
  seed: number,
) {
  const { labels, examples } = train
  if (mode !== 'few-shot') return { name, labels, examples, ...(validation && { validation }) }
  // Validation rows would be labels beyond the 100: what the trainer reports about them is not used.
  const sample = sampleFewShot(examples, { seed })
  return { name, labels, examples: sample, validation: sample }
}

function checkSeeds(seeds: readonly number[]): void {
  if (seeds.length === 0 || new Set(seeds).size !== seeds.length) {
    throw new ColdmeshError('bad-input', 'An evaluation needs one or more different seeds', {
      facts: { seeds: seeds.join(',') },
    })
  }
}

function checkTask({ name, train, test }: EvaluationTask): void {
  if (test.length === 0)
    throw new ColdmeshError('bad-dataset', `The task ${name} has no test rows`, { facts: { name } })
  const strange = test.find(({ label }) => !train.labels.includes(labelName(label)))
  if (strange === undefined) return
  throw new ColdmeshError(
    'bad-dataset',
    `A test row of ${name} has the label ${JSON.stringify(strange.label)}, which no training row has`,
    { facts: { name, label: labelName(strange.label) }, hint: 'Check that both files are of one task.' },
  )
}
