import { join } from 'node:path'
import type { Example, ReadExamples, TaskType } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Evaluated, Head, Model, Trainer, TrainingPlan, TrainingResult } from '../../ports/trainer.ts'
import type { LabelSpace } from '../../training/labels.ts'
import { completePlan, withEpochs } from '../../training/plan.ts'
import { scoringOf } from '../../training/scores.ts'
import { targetReader } from '../../training/targets.ts'
import type { BaseCache } from './base-cache.ts'
import { BEFORE_FILE, FILES, PREDICTIONS_FILE, PROTOCOL, WEIGHTS_FILE } from './contract.ts'
import { fittingHead, readHead } from './head-file.ts'
import { type Prediction, readPredictions } from './predictions.ts'
import { createProgress } from './progress.ts'
import { type RunOptions, runIn } from './run.ts'
import { scorePredictions } from './score.ts'
import { splitRows } from './split-rows.ts'
import { readWeights } from './weights-file.ts'

/** Over a plan's time, for what a program does besides training: loading a large model takes a while. */
const BUDGET_SLACK = 1.1
const START_MS = 60_000

export interface Scope extends RunOptions {
  readonly bases: BaseCache
  readonly readExamples: ReadExamples
  /** Of the trainer. */
  readonly stopping: AbortSignal
  readonly onDevice: (name: string) => void
}

/** Has the program train, and checks and scores what it wrote. @throws ColdmeshError as `Trainer.train`, and as `runIn` */
export async function train(scope: Scope, request: Parameters<Trainer['train']>[0]): Promise<TrainingResult> {
  const startedAt = performance.now()
  const { model, dataset, signal, onProgress } = request
  const wanted = completePlan(request.plan)
  const { task = 'single-label', labels } = dataset
  const scoring = scoringOf(dataset, wanted)
  const { training, trainingRows, validation } = await splitRows(dataset, wanted, scope.readExamples)
  const plan = withEpochs(wanted, trainingRows)
  const timeLimitMs = timeLimitOf(scope, plan)
  const about = { task, labels, rows: validation.length }
  const head = fittingHead(request.head, about)
  const progress = createProgress(scope.onDevice, { metric: scoring.metric, onProgress })
  const trained = await runIn(
    { ...scope, timeLimitMs },
    {
      model,
      head,
      rows: { [FILES.train]: training, [FILES.validation]: scope.readExamples(validation) },
      plan: (work) => ({
        ...common(timeLimitMs, { task, labels, maxTokens: plan.maxTokens }),
        mode: 'train',
        plan,
        paths: {
          ...paths(work, head),
          train: join(work, FILES.train),
          validation: join(work, FILES.validation),
        },
      }),
      signal: signalOf(scope, signal),
      onEvent: progress.onEvent,
    },
    async (out) => ({
      body: plan.mode === 'frozen' ? model.body : await readBody(scope, join(out, WEIGHTS_FILE), model),
      head: await readHead(join(out, FILES.head), about),
      predictions: await readPredictions(join(out, PREDICTIONS_FILE), about),
      before: await readPredictions(join(out, BEFORE_FILE), about),
    }),
  )
  const predictions =
    trained.predictions ??
    (await predict(scope, {
      model: { ...model, body: trained.body },
      head: trained.head,
      examples: validation,
      maxTokens: plan.maxTokens,
      signal,
    }))
  const { readExamples } = scope
  const score = (found: readonly Prediction[]) =>
    scorePredictions(scoring, dataset, found, { examples: validation, readExamples })
  const before = trained.before === null ? null : (await score(trained.before)).score
  const after = await score(predictions)
  return {
    body: trained.body,
    head: trained.head,
    steps: progress.step() ?? plan.steps,
    seconds: (performance.now() - startedAt) / 1_000,
    validation: {
      rows: validation.length,
      metric: scoring.metric,
      before,
      after: after.score,
      scores: after.scores,
    },
    rows: trainingRows,
  }
}

/** @throws ColdmeshError as `Trainer.evaluate`, and as `runIn` */
export async function evaluate(scope: Scope, request: Parameters<Trainer['evaluate']>[0]): Promise<Evaluated> {
  const { head, examples, metric = null, positive = null } = request
  const { readExamples } = scope
  if (examples.length === 0) throw new ColdmeshError('bad-dataset', 'There are no rows to evaluate')
  const scoring = scoringOf(head, { metric, positive })
  await requireLabels(head, readExamples(examples))
  return await scorePredictions(scoring, head, await predict(scope, request), { examples, readExamples })
}

/** Looked at before hours of training. @throws ColdmeshError `bad-dataset` for a label that is none of the task's */
async function requireLabels(space: LabelSpace, examples: AsyncIterable<Example>): Promise<void> {
  const read = targetReader(space)
  for await (const { label } of examples) read(label)
}

/** A plan's own budget ends a training by itself; a program that overlooks it is stopped a little later. */
function timeLimitOf({ timeLimitMs }: Scope, { maxSeconds }: TrainingPlan): number {
  if (maxSeconds === null) return timeLimitMs
  return Math.min(timeLimitMs, maxSeconds * 1_000 * BUDGET_SLACK + START_MS)
}

/** Has the program label rows whose labels it does not see. */
async function predict(
  scope: Scope,
  request: Pick<Parameters<Trainer['evaluate']>[0], 'model' | 'head' | 'examples' | 'maxTokens'> & {
    readonly signal?: AbortSignal | undefined
  },
): Promise<readonly Prediction[]> {
  const { model, examples, maxTokens, signal } = request
  const { task = 'single-label', labels } = request.head
  const head = fittingHead(request.head, { task, labels })
  return await runIn(
    scope,
    {
      model,
      head,
      rows: { [FILES.rows]: withoutLabels(scope.readExamples(examples)) },
      plan: (work) => ({
        ...common(scope.timeLimitMs, { task, labels, maxTokens }),
        mode: 'evaluate',
        paths: { ...paths(work, head), rows: join(work, FILES.rows) },
      }),
      signal: signalOf(scope, signal),
      onEvent: createProgress(scope.onDevice).onEvent,
    },
    async (out) => {
      const predictions = await readPredictions(join(out, PREDICTIONS_FILE), { task, labels, rows: examples.length })
      if (predictions !== null) return predictions
      throw new ColdmeshError('bad-checkpoint', `The program wrote no out/${PREDICTIONS_FILE}`, {
        hint: 'Asked for the mode evaluate it writes one JSON value a row (docs/command-trainer.md), or exits with 64.',
      })
    },
  )
}

async function* withoutLabels(examples: AsyncIterable<Example>): AsyncGenerator<Omit<Example, 'label'>> {
  for await (const { label: _, ...texts } of examples) yield texts
}

function common(
  timeLimitMs: number,
  about: { readonly task: TaskType; readonly labels: readonly string[]; readonly maxTokens: number },
) {
  return { protocol: PROTOCOL, ...about, timeLimit: timeLimitMs / 1_000 } as const
}

function paths(work: string, head: Head | null) {
  return {
    base: join(work, FILES.base),
    head: head === null ? null : join(work, FILES.head),
    out: join(work, FILES.out),
  }
}

function signalOf({ stopping }: Scope, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? stopping : AbortSignal.any([signal, stopping])
}

async function readBody({ onText }: Scope, path: string, { body }: Model) {
  const { weights, extra } = await readWeights(path, () => body)
  if (extra.length > 0) {
    const more = extra.length > 3 ? ` and ${extra.length - 3} more` : ''
    onText(`tensors that the base lacks are dropped: ${extra.slice(0, 3).join(', ')}${more}`)
  }
  return weights
}
