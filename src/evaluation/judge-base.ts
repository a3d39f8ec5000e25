import {
  type Dataset,
  type Example,
  type Examples,
  isStored,
  type ReadExamples,
  type ReadProgress,
} from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Evaluated, Metric, Model, Trainer, TrainingPlan, TrainingProgress } from '../ports/trainer.ts'
import { rowsAt } from '../training/choose-rows.ts'
import { labelName } from '../training/labels.ts'
import { scoringOf } from '../training/scores.ts'
import { constantScore } from './constant-score.ts'
import { FEW_SHOT_LABELS, sampleFewShot } from './few-shot.ts'
import { chooseFewShot } from './few-shot-places.ts'
import { type EvaluationMode, evaluationPlan } from './plans.ts'
import { type MeanAndError, meanAndError } from './statistics.ts'

/** A task that bases are judged on. Its test rows are read once a seed, after training; nothing is chosen by them. */
export interface EvaluationTask {
  readonly name: string
  readonly train: Dataset<Examples>
  /** Instead of `train.validation`; when neither is there, the trainer holds out a part of `train`. */
  readonly validation?: Examples
  readonly test: Examples
}

export interface Evaluation extends MeanAndError {
  readonly task: string
  readonly mode: EvaluationMode
  readonly seeds: readonly number[]
  /** What `values`, `mean` and `majority` are: the plan's, or the task's own. */
  readonly metric: Metric
  /** On the test rows, one for each seed. */
  readonly values: readonly number[]
  /** Every score that the task has, over the seeds. */
  readonly scores: Readonly<Record<string, MeanAndError>>
  /** What the best answer that is always the same scores, by the training rows: their commonest label, the labels of most, the mean number. */
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
  /** Told while rows are read, to train and to test. */
  readonly onRead?: (progress: ReadProgress) => void
  readonly onProgress?: (progress: TrainingProgress & { readonly seed: number }) => void
}

/**
 * How well a base learns a task: trains from it with a new head for each seed, and scores the result on the test rows.
 *
 * @throws ColdmeshError `bad-input` for no seeds, repeated ones or a bad plan; `bad-dataset` for a task without test rows or with labels that
 *   only they have; and as `Trainer.train`
 */
export async function judgeBase(options: EvaluateOptions, readExamples: ReadExamples): Promise<Evaluation> {
  const { trainer, model, task, mode, seeds, plan: changes = {}, signal, onRead, onProgress } = options
  checkSeeds(seeds)
  checkTask(task)
  const evaluated: Evaluated[] = []
  let rows = 0
  let seconds = 0
  for (const seed of seeds) {
    const plan = evaluationPlan(mode, changes, seed)
    const trained = await trainer.train({
      model,
      head: null,
      dataset: await trainingRows(task, mode, seed, readExamples),
      plan,
      ...(signal && { signal }),
      ...(onRead && { onRead }),
      ...(onProgress && { onProgress: (progress: TrainingProgress) => onProgress({ ...progress, seed }) }),
    })
    const { metric, positive, maxTokens } = plan
    evaluated.push(
      await trainer.evaluate({
        model: { ...model, body: trained.body },
        head: trained.head,
        examples: task.test,
        maxTokens,
        metric,
        positive,
        ...(signal && { signal }),
        ...(onRead && { onRead }),
      }),
    )
    rows = trained.rows
    seconds += trained.seconds
  }
  const plan = evaluationPlan(mode, changes, seeds[0] ?? 0)
  const values = evaluated.map(({ score }) => score)
  return {
    task: task.name,
    mode,
    seeds,
    metric: scoringOf(task.train, plan).metric,
    values,
    ...meanAndError(values),
    scores: scoresOverSeeds(evaluated),
    majority: await constantScore(task.train, task.test, plan, readExamples),
    rows,
    testRows: task.test.length,
    labels: task.train.labels.length,
    plan,
    trainer: trainer.name,
    device: trainer.device,
    seconds,
  }
}

/** What a task trains on in a mode; few-shot, the sample of the seed. */
export async function trainingRows(
  { name, train, validation = train.validation }: EvaluationTask,
  mode: EvaluationMode,
  seed: number,
  readExamples: ReadExamples,
): Promise<Dataset<Examples>> {
  const { task, labels, examples } = train
  const kind = { name, ...(task && { task }), labels }
  if (mode !== 'few-shot') return { ...kind, examples, ...(validation && { validation }) }
  // Validation rows would be labels beyond the 100: what the trainer reports about them is not used.
  const sample = await fewShot(examples, seed, readExamples)
  return { ...kind, examples: sample, validation: sample }
}

async function fewShot(examples: Examples, seed: number, readExamples: ReadExamples): Promise<readonly Example[]> {
  if (!isStored(examples)) return sampleFewShot(examples, { seed })
  const places = await chooseFewShot(readExamples(examples), { count: FEW_SHOT_LABELS, seed })
  return await Array.fromAsync(readExamples(rowsAt(examples, places)))
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
  const strange = train.task === 'regression' ? [] : labelsOf(test).filter((label) => !train.labels.includes(label))
  if (strange.length === 0) return
  throw new ColdmeshError(
    'bad-dataset',
    `A test row of ${name} has the label ${JSON.stringify(strange[0])}, which no training row has`,
    { facts: { name, label: strange[0] ?? '' }, hint: 'Check that both files are of one task.' },
  )
}

/** Those that occur; of rows in a file, in any of its rows. */
function labelsOf(examples: Examples): readonly string[] {
  if (isStored(examples)) return examples.source.labelRows.map(([label]) => label)
  const labels = examples.flatMap(({ label }) => (typeof label === 'object' ? label : [labelName(label)]))
  return [...new Set(labels)]
}

function scoresOverSeeds(evaluated: readonly Evaluated[]): Record<string, MeanAndError> {
  const bySeed = evaluated.map(({ scores }) => new Map(Object.entries(scores)))
  return Object.fromEntries(
    Object.keys(evaluated[0]?.scores ?? {}).map((name) => [
      name,
      meanAndError(bySeed.map((scores) => scores.get(name) ?? 0)),
    ]),
  )
}
