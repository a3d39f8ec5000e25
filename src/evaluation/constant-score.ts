import type { Dataset, Example } from '../ports/dataset.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import type { Target } from '../training/learner.ts'
import { commonestOf } from '../training/metrics.ts'
import { scoresOf, scoringOf } from '../training/scores.ts'
import { targetReader } from '../training/targets.ts'

/**
 * What the best answer that is always the same scores: a model must beat it. It is chosen by the training rows: their commonest label; the
 * labels that at least half of them have, or else the commonest one; the mean of their numbers.
 *
 * @throws ColdmeshError `bad-dataset` for a label that isn't among the dataset's
 */
export function constantScore(
  train: Dataset,
  test: readonly Example[],
  plan: Pick<TrainingPlan, 'metric' | 'positive'>,
): number {
  const scoring = scoringOf(train, plan)
  const read = targetReader(train)
  const actual = test.map(({ label }) => read(label))
  const answer = constantAnswer(train.examples.map(({ label }) => read(label)))
  const scores = scoresOf(
    scoring,
    actual.map(() => answer),
    actual,
  )
  return scores[scoring.metric] ?? 0

  function constantAnswer(targets: readonly Target[]): Target {
    const numbers = targets.map(Number)
    if (scoring.task === 'regression')
      return numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length)
    if (scoring.task === 'single-label') return commonestOf(numbers) ?? 0
    const all = targets.flat()
    const common = [...new Set(all)].filter((label) => 2 * all.filter((one) => one === label).length >= targets.length)
    return common.length > 0 ? common : [commonestOf(all) ?? 0]
  }
}
