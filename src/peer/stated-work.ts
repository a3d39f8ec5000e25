import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { Dataset, Examples } from '../ports/dataset.ts'
import type { Trainer, TrainingPlan, TrainingResult } from '../ports/trainer.ts'

const BILLION = 1_000_000_000

/** What a contribution says about a training: rates and metrics in billionths. `seconds` is for the caller to say. */
export function statedWork(work: {
  readonly dataset: Pick<Dataset<Examples>, 'name' | 'examples'>
  readonly task: string
  /** To the rows: 32 bytes. */
  readonly commitment: Uint8Array
  readonly license?: string | undefined
  readonly plan: TrainingPlan
  readonly trained: Pick<TrainingResult, 'validation' | 'steps'>
  readonly trainer: Pick<Trainer, 'name' | 'device'>
  readonly seconds: number
}): Pick<Contribution, 'dataset' | 'training' | 'metrics'> {
  const { dataset, task, commitment, license, plan, trained, trainer, seconds } = work
  const { metric, before, after } = trained.validation
  return {
    dataset: {
      name: dataset.name,
      task,
      rows: dataset.examples.length,
      commitment,
      ...(license === undefined ? {} : { license }),
    },
    training: {
      trainer: trainer.name,
      optimizer: plan.optimizer,
      learningRate: Math.round(plan.learningRate * BILLION),
      batch: plan.batch * plan.accumulation,
      steps: trained.steps,
      seed: plan.seed,
      device: trainer.device,
      seconds,
    },
    metrics: {
      name: metric,
      before: before === null ? null : statedScore(before),
      after: statedScore(after),
    },
  }
}

/** In billionths. A correlation below zero is stated as zero: the field knows no sign, and no model is worth less. */
function statedScore(score: number): number {
  return Math.round(Math.max(0, score) * BILLION)
}
