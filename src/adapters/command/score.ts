import type { Example } from '../../ports/dataset.ts'
import type { Evaluated } from '../../ports/trainer.ts'
import type { LabelSpace } from '../../training/labels.ts'
import type { Target } from '../../training/learner.ts'
import { type Scoring, scoresOf } from '../../training/scores.ts'
import { targetReader } from '../../training/targets.ts'
import type { Prediction } from './predictions.ts'

/** What no label of a row is: a prediction that is always wrong. */
const NONE = -1

/** Scores of predictions on the rows that they are for. @throws ColdmeshError `bad-dataset` for a row whose label is none of the task's */
export function scorePredictions(
  scoring: Scoring,
  { labels }: LabelSpace,
  predicted: readonly Prediction[],
  examples: readonly Example[],
): Evaluated {
  const read = targetReader({ task: scoring.task, labels })
  const found = predicted.map((label): Target => (label === null ? NONE : read(label)))
  const scores = scoresOf(
    scoring,
    found,
    examples.map(({ label }) => read(label)),
  )
  return { rows: examples.length, metric: scoring.metric, score: scores[scoring.metric] ?? 0, scores }
}
