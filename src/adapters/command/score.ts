import type { Examples, ReadExamples } from '../../ports/dataset.ts'
import type { Evaluated } from '../../ports/trainer.ts'
import type { LabelSpace } from '../../training/labels.ts'
import { createTally, type Scoring } from '../../training/scores.ts'
import { targetReader } from '../../training/targets.ts'
import type { Prediction } from './predictions.ts'

/** What no label of a row is: a prediction that is always wrong. */
const NONE = -1

/** Scores of predictions on the rows that they are for. @throws ColdmeshError `bad-dataset` for a row whose label is none of the task's */
export async function scorePredictions(
  scoring: Scoring,
  { labels }: LabelSpace,
  predicted: readonly Prediction[],
  rows: { readonly examples: Examples; readonly readExamples: ReadExamples },
): Promise<Evaluated> {
  const read = targetReader({ task: scoring.task, labels })
  const tally = createTally(scoring)
  let row = 0
  for await (const { label } of rows.readExamples(rows.examples)) {
    const said = predicted[row++] ?? null
    tally.add(said === null ? NONE : read(said), read(label))
  }
  const scores = tally.scores()
  return { rows: row, metric: scoring.metric, score: scores[scoring.metric] ?? 0, scores }
}
