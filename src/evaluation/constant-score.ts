import type { Dataset, Examples, ReadExamples } from '../ports/dataset.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import type { Target } from '../training/learner.ts'
import { commonestOf, increase } from '../training/metrics.ts'
import { createTally, scoringOf } from '../training/scores.ts'
import { targetReader } from '../training/targets.ts'

/**
 * What the best answer that is always the same scores: a model must beat it. It is chosen by the training rows: their commonest label; the
 * labels that at least half of them have, or else the commonest one; the mean of their numbers.
 *
 * @throws ColdmeshError `bad-dataset` for a label that isn't among the dataset's
 */
export async function constantScore(
  train: Dataset<Examples>,
  test: Examples,
  plan: Pick<TrainingPlan, 'metric' | 'positive'>,
  readExamples: ReadExamples,
): Promise<number> {
  const scoring = scoringOf(train, plan)
  const read = targetReader(train)
  const answer = await constantAnswer()
  const tally = createTally(scoring)
  for await (const { label } of readExamples(test)) tally.add(answer, read(label))
  return tally.scores()[scoring.metric] ?? 0

  async function constantAnswer(): Promise<Target> {
    const counts = new Map<number, number>()
    let sum = 0
    for await (const { label } of readExamples(train.examples)) {
      const target = read(label)
      if (scoring.task === 'regression') sum += Number(target)
      else for (const one of [target].flat()) increase(counts, one)
    }
    const { length } = train.examples
    if (scoring.task === 'regression') return sum / Math.max(1, length)
    const commonest = commonestOf(counts) ?? 0
    if (scoring.task === 'single-label') return commonest
    const common = [...counts].filter(([, count]) => 2 * count >= length).map(([label]) => label)
    return common.length > 0 ? common : [commonest]
  }
}
