import { evaluateBase } from '../engines/evaluate-base.ts'
import type { EvaluationTask } from '../evaluation/judge-base.ts'
import type { Model } from '../ports/trainer.ts'
import { firstRows } from '../training/choose-rows.ts'
import type { LabContext } from './context.ts'
import { judgesBy, type LabEvaluation, type LabPlan, type LabTask } from './plan.ts'
import { scoreKey } from './records.ts'
import { seedFor } from './seeds.ts'

/** What is judged: the base of a round, or a baseline. */
export interface Subject {
  readonly run: number
  /** `rounds/<round>`, or a baseline's name. */
  readonly of: string
  readonly base: string
}

interface Piece {
  readonly evaluation: LabEvaluation
  readonly task: LabTask
  readonly key: string
}

/** Name of the base that a round ended with. */
export const roundName = (round: number) => `rounds/${round}`

/** Everything that a subject is judged by: each task in each mode that wants it. */
export function piecesOf(
  { plan, tasks }: Pick<LabContext, 'plan' | 'tasks'>,
  { run, of }: Pick<Subject, 'run' | 'of'>,
): readonly Piece[] {
  return plan.evaluations
    .filter(({ rounds }) => !of.startsWith('rounds/') || rounds.some((round) => roundName(round) === of))
    .flatMap((evaluation) =>
      tasks
        .filter((task) => judgesBy(evaluation, task))
        .map((task) => ({ evaluation, task, key: scoreKey({ run, of, task: task.name, mode: evaluation.mode }) })),
    )
}

/** Judges a subject by what has not been judged yet. `model` is read only when something is left to do. */
export async function scoreSubject(context: LabContext, subject: Subject, model: () => Promise<Model>): Promise<void> {
  const { ledger } = context
  const pieces = piecesOf(context, subject).filter(({ key }) => !ledger.has(key))
  if (pieces.length === 0) return
  const read = await model()
  await Promise.all(pieces.map((piece) => scorePiece(context, subject, read, piece)))
  context.publish()
}

async function scorePiece(
  { plan, pool, work, ledger, signal }: LabContext,
  { run, of, base }: Subject,
  model: Model,
  { evaluation, task }: Piece,
): Promise<void> {
  const { mode, repeats } = evaluation
  // The same seeds for every base of a run: they differ in nothing else.
  const seeds = Array.from({ length: repeats }, (_, repeat) => seedFor(run, 'evaluation', repeat))
  await pool.run(async (trainer) => {
    signal.throwIfAborted()
    const { metric, values, majority, seconds } = await work.measure(
      mode,
      `seed ${run} ${of} ${mode} ${task.name}`,
      () =>
        evaluateBase({
          trainer,
          model,
          task: evaluationTask(task, evaluation, plan),
          mode,
          seeds,
          plan: evaluation.plan,
          signal,
        }),
    )
    await ledger.put({
      kind: 'score',
      run,
      of,
      base,
      task: task.name,
      mode,
      seeds,
      metric,
      values: [...values],
      majority,
      seconds,
    })
  })
}

function evaluationTask(
  { name, train, validation, test }: LabTask,
  { trainRows, testRows }: LabEvaluation,
  { validationRows }: LabPlan,
): EvaluationTask {
  const held = firstRows(validation, validationRows)
  return {
    name,
    train: { ...train, examples: firstRows(train.examples, trainRows) },
    test: firstRows(test, testRows),
    ...(held.length === 0 ? {} : { validation: held }),
  }
}
