import type { TaskType } from '../ports/dataset.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Metric, Scores, TrainingPlan } from '../ports/trainer.ts'
import { createGrowingNumbers } from './growing.ts'
import type { LabelSpace } from './labels.ts'
import type { Target } from './learner.ts'
import {
  accuracy,
  createLabelCounts,
  f1,
  macroF1,
  matthews,
  meanSquaredError,
  microF1,
  pearson,
  spearman,
} from './metrics.ts'

/** The metrics of each type of task; the first is its own, which chooses when nothing else is said. */
export const TASK_METRICS: Readonly<Record<TaskType, readonly Metric[]>> = {
  'single-label': ['accuracy', 'macro-f1', 'f1', 'matthews'],
  'multi-label': ['micro-f1', 'macro-f1', 'exact-match'],
  regression: ['pearson-spearman', 'pearson', 'spearman'],
}

export const METRICS = [
  'accuracy',
  'macro-f1',
  'f1',
  'matthews',
  'micro-f1',
  'exact-match',
  'pearson-spearman',
  'pearson',
  'spearman',
] as const satisfies readonly Metric[]

export interface Scoring {
  readonly task: TaskType
  readonly metric: Metric
  readonly outputs: number
  /** Index of the label that `f1` is about; null: that score is left out. */
  readonly positive: number | null
}

/**
 * What predictions of a task are scored by.
 *
 * @throws ColdmeshError `bad-input` for a metric that the task doesn't have, a positive label that isn't there, or `f1` without one
 */
export function scoringOf(
  { task = 'single-label', labels }: LabelSpace,
  { metric, positive }: Pick<TrainingPlan, 'metric' | 'positive'>,
): Scoring {
  const metrics = TASK_METRICS[task]
  const chosen = metric ?? metrics[0] ?? 'accuracy'
  if (!metrics.includes(chosen)) {
    throw new ColdmeshError('bad-input', `The metric ${chosen} is not for ${task} tasks`, {
      facts: { metric: chosen, task },
      hint: `Give one of: ${metrics.join(', ')}.`,
    })
  }
  const index = positive === null ? null : labels.indexOf(positive)
  if (index === -1) {
    throw new ColdmeshError('bad-input', `The positive label ${JSON.stringify(positive)} is not one of the dataset's`, {
      hint: `Give one of: ${labels.slice(0, 10).join(', ')}.`,
    })
  }
  if (chosen === 'f1' && index === null) {
    throw new ColdmeshError('bad-input', 'The metric f1 is about one label, and none is given', {
      hint: 'Give the positive label, or take macro-f1.',
    })
  }
  return { task, metric: chosen, outputs: outputsOf({ task, labels }), positive: index }
}

/** Outputs of a head: one for each label, and one for a regression. */
export function outputsOf({ task, labels }: LabelSpace): number {
  return task === 'regression' ? 1 : labels.length
}

/** Takes predictions with what is right, one at a time. Of labels only counts are kept, of numbers both: 16 bytes a row. */
export interface Tally {
  add(predicted: Target, actual: Target): void
  /** All scores that the task has, of the rows so far. */
  scores(): Scores
}

export function createTally({ task, outputs, positive }: Omit<Scoring, 'metric'>): Tally {
  return task === 'regression' ? createNumberTally() : createLabelTally({ task, outputs, positive })
}

function createNumberTally(): Tally {
  const found = createGrowingNumbers()
  const there = createGrowingNumbers()
  return {
    add(predicted, actual) {
      found.push(Number(predicted))
      there.push(Number(actual))
    },
    scores() {
      const series = [found.values(), there.values()] as const
      const scores = { pearson: pearson(...series), spearman: spearman(...series) }
      return {
        'pearson-spearman': (scores.pearson + scores.spearman) / 2,
        ...scores,
        'mean-squared-error': meanSquaredError(...series),
      }
    },
  }
}

function createLabelTally({ task, outputs, positive }: Omit<Scoring, 'metric'>): Tally {
  const labels = createLabelCounts<number>()
  return {
    add: (predicted, actual) => labels.add(setOf(predicted), setOf(actual)),
    scores() {
      const counts = labels.counts()
      if (task === 'multi-label') {
        const all = Array.from({ length: outputs }, (_, label) => label)
        return { 'micro-f1': microF1(counts), 'macro-f1': macroF1(counts, all), 'exact-match': accuracy(counts) }
      }
      return {
        accuracy: accuracy(counts),
        'macro-f1': macroF1(counts),
        ...(positive === null ? {} : { f1: f1(counts, positive) }),
        matthews: matthews(counts),
      }
    },
  }
}

function setOf(target: Target): readonly number[] {
  return typeof target === 'number' ? [target] : target
}
