export interface MeanAndError {
  readonly mean: number
  /** Sample standard deviation / sqrt(n); 0 for a single value, which says nothing about its spread. */
  readonly standardError: number
}

/** @throws RangeError for no values */
export function meanAndError(values: readonly number[]): MeanAndError {
  if (values.length === 0) throw new RangeError('no values')
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const variance = values.length < 2 ? 0 : squares / (values.length - 1)
  return { mean, standardError: Math.sqrt(variance / values.length) }
}

/**
 * Mean and standard error of the average over tasks, from each task's score per seed: the average is taken seed by seed, since
 * a base's tasks share their seeds. Every task has as many values as the others.
 *
 * @throws RangeError for no tasks, or tasks of different numbers of seeds
 */
export function meanOverTasks(scores: readonly (readonly number[])[]): MeanAndError {
  const seeds = scores[0]?.length ?? 0
  if (seeds === 0 || scores.some((ofTask) => ofTask.length !== seeds)) throw new RangeError('tasks differ in seeds')
  return meanAndError(
    Array.from({ length: seeds }, (_, seed) => meanAndError(scores.map((ofTask) => ofTask[seed] ?? 0)).mean),
  )
}
