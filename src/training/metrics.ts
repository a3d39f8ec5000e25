/** Share of places where `predicted` equals `actual`; 0 for none. */
export function accuracy<Label>(predicted: readonly Label[], actual: readonly Label[]): number {
  if (predicted.length !== actual.length) throw new RangeError('predicted and actual differ in length')
  if (actual.length === 0) return 0
  return actual.filter((label, index) => predicted[index] === label).length / actual.length
}

/** Mean over the labels that occur, in `actual` or `predicted`, of F1 = 2 true positives / (predicted + actual); 0 for none. */
export function macroF1<Label>(predicted: readonly Label[], actual: readonly Label[]): number {
  if (predicted.length !== actual.length) throw new RangeError('predicted and actual differ in length')
  const labels = [...new Set([...predicted, ...actual])]
  if (labels.length === 0) return 0
  const predictedCounts = countsOf(predicted)
  const actualCounts = countsOf(actual)
  const rightCounts = countsOf(actual.filter((label, index) => predicted[index] === label))
  const scores = labels.map((label) => {
    const right = rightCounts.get(label) ?? 0
    return (2 * right) / ((predictedCounts.get(label) ?? 0) + (actualCounts.get(label) ?? 0))
  })
  return scores.reduce((sum, score) => sum + score, 0) / labels.length
}

/** What always answering the commonest label of `training` scores on `labels`: the accuracy that a model must beat. */
export function majorityAccuracy(training: readonly string[], labels: readonly string[]): number {
  const [commonest] = [...countsOf(training)].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  if (commonest === undefined) return 0
  return accuracy(
    labels.map(() => commonest[0]),
    labels,
  )
}

function countsOf<Label>(labels: readonly Label[]): Map<Label, number> {
  const counts = new Map<Label, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}
