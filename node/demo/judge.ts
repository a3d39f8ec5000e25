import { availableParallelism } from 'node:os'
import {
  createTrainer,
  type EvaluationTask,
  evaluateBase,
  type Model,
  openDataset,
  readModelDirectory,
  type Trainer,
} from 'coldmesh'
import { JUDGE_PLANS, JUDGE_ROWS, SEED } from './settings.ts'
import { type DemoTask, taskFile } from './tasks.ts'

const MAX_THREADS = 4

/** Test accuracies, as fractions. */
export interface Accuracies {
  readonly frozen: number
  readonly full: number
}

export interface TaskScore {
  readonly name: string
  readonly seen: boolean
  readonly pretrained: Accuracies
  readonly final: Accuracies
}

export interface JudgeOptions {
  /** Model directories. */
  readonly pretrained: string
  readonly final: string
  readonly tasks: readonly DemoTask[]
  readonly signal: AbortSignal
  readonly onTask: (score: TaskScore) => void
}

/** How well each base learns each task, by the same plans, rows and seed: body frozen, and body and head trained. */
export async function judgeBases(options: JudgeOptions): Promise<TaskScore[]> {
  const { tasks, signal, onTask } = options
  const trainer = await createTrainer({ threads: Math.min(MAX_THREADS, availableParallelism()) })
  try {
    const pretrained = await readModelDirectory(options.pretrained)
    const final = await readModelDirectory(options.final)
    const scores: TaskScore[] = []
    for (const task of tasks) {
      const { name, seen } = task
      const rows = await readRows(task)
      const score = {
        name,
        seen,
        pretrained: await judge(trainer, pretrained, rows, signal),
        final: await judge(trainer, final, rows, signal),
      }
      onTask(score)
      scores.push(score)
    }
    return scores
  } finally {
    await trainer.stop()
  }
}

async function readRows(task: DemoTask): Promise<EvaluationTask> {
  const columns = { text: 'text', label: 'label', name: task.name, ...(task.hasPair ? { pair: 'pair' } : {}) }
  const [train, test] = await Promise.all([
    openDataset(taskFile(task, 'train'), columns),
    openDataset(taskFile(task, 'test'), columns),
  ])
  return {
    name: task.name,
    train: { name: train.name, labels: train.labels, examples: train.examples.slice(0, JUDGE_ROWS.train) },
    test: test.examples.slice(0, JUDGE_ROWS.test),
  }
}

async function judge(trainer: Trainer, model: Model, task: EvaluationTask, signal: AbortSignal): Promise<Accuracies> {
  const accuracyOf = async (mode: keyof Accuracies): Promise<number> =>
    (await evaluateBase({ trainer, model, task, mode, seeds: [SEED], plan: JUDGE_PLANS[mode], signal })).mean
  return { frozen: await accuracyOf('frozen'), full: await accuracyOf('full') }
}
