// Scores of predictions, as the field reports them (GLUE, scikit-learn). Labels are compared as they are; correlations that are not
// defined, because one side is constant, are 0, as GLUE's and scikit-learn's Matthews correlation is.

/** Share of places where `predicted` equals `actual`; 0 for none. */
export function accuracy<Label>(predicted: readonly Label[], actual: readonly Label[]): number {
  checkLengths(predicted, actual)
  if (actual.length === 0) return 0
  return actual.filter((label, index) => predicted[index] === label).length / actual.length
}

/** Mean over the labels that occur, in `actual` or `predicted`, of their F1; 0 for none. */
export function macroF1<Label>(predicted: readonly Label[], actual: readonly Label[]): number {
  checkLengths(predicted, actual)
  const labels = [...new Set([...predicted, ...actual])]
  return mean(labels.map((label) => f1(predicted, actual, label)))
}

/** F1 of one label: 2 true positives / (predicted + actual); 0 where the label is in neither. */
export function f1<Label>(predicted: readonly Label[], actual: readonly Label[], positive: Label): number {
  checkLengths(predicted, actual)
  const found = predicted.filter((label) => label === positive).length
  const there = actual.filter((label) => label === positive).length
  const right = actual.filter((label, index) => label === positive && predicted[index] === positive).length
  return found + there === 0 ? 0 : (2 * right) / (found + there)
}

/**
 * Matthews correlation of two or more labels (Gorodkin's R_K): the correlation of the indicator vectors. From -1 to 1; 0 where one side has
 * one label only.
 */
export function matthews<Label>(predicted: readonly Label[], actual: readonly Label[]): number {
  checkLengths(predicted, actual)
  const rows = actual.length
  const found = countsOf(predicted)
  const there = countsOf(actual)
  const right = actual.filter((label, index) => predicted[index] === label).length
  const products = [...there].reduce((sum, [label, count]) => sum + count * (found.get(label) ?? 0), 0)
  const squares = (counts: ReadonlyMap<Label, number>) => [...counts.values()].reduce((sum, n) => sum + n * n, 0)
  const spread = Math.sqrt((rows * rows - squares(found)) * (rows * rows - squares(there)))
  return spread === 0 ? 0 : (right * rows - products) / spread
}

/** Pearson's correlation of two series; 0 where one is constant. */
export function pearson(predicted: readonly number[], actual: readonly number[]): number {
  checkLengths(predicted, actual)
  // Not told by the sums: the mean of equal numbers may be a rounding away from them.
  if (isConstant(predicted) || isConstant(actual)) return 0
  const [meanX, meanY] = [mean(predicted), mean(actual)]
  let [xy, xx, yy] = [0, 0, 0]
  for (const [index, value] of actual.entries()) {
    const x = (predicted[index] ?? 0) - meanX
    const y = value - meanY
    xy += x * y
    xx += x * x
    yy += y * y
  }
  const spread = Math.sqrt(xx * yy)
  return spread > 0 ? Math.max(-1, Math.min(1, xy / spread)) : 0
}

/** Spearman's correlation: Pearson's of the ranks, equal values sharing the mean of theirs. */
export function spearman(predicted: readonly number[], actual: readonly number[]): number {
  return pearson(ranks(predicted), ranks(actual))
}

/** Mean of the squared differences; 0 for none. */
export function meanSquaredError(predicted: readonly number[], actual: readonly number[]): number {
  checkLengths(predicted, actual)
  return mean(actual.map((value, index) => (value - (predicted[index] ?? 0)) ** 2))
}

/** Sets of labels by row, each label once. */
type LabelSets = readonly (readonly number[])[]

/** F1 over all labels of all rows together; 0 where there are none on either side. */
export function microF1(predicted: LabelSets, actual: LabelSets): number {
  checkLengths(predicted, actual)
  const [found, there] = [predicted.flat().length, actual.flat().length]
  const right = actual.reduce((sum, labels, row) => sum + shared(labels, predicted[row] ?? []), 0)
  return found + there === 0 ? 0 : (2 * right) / (found + there)
}

/** Mean over labels 0 to `labels` - 1 of each one's F1; that of a label which occurs nowhere is 0, as scikit-learn has it. */
export function macroF1OfSets(predicted: LabelSets, actual: LabelSets, labels: number): number {
  checkLengths(predicted, actual)
  const has = (sets: LabelSets, label: number) => sets.map((set) => set.includes(label))
  return mean(Array.from({ length: labels }, (_, label) => f1(has(predicted, label), has(actual, label), true)))
}

/** Share of rows whose labels are all right, and no other. */
export function exactMatch(predicted: LabelSets, actual: LabelSets): number {
  const name = (set: readonly number[]) => set.toSorted((a, b) => a - b).join()
  return accuracy(predicted.map(name), actual.map(name))
}

/** The commonest of `labels`, the first by code unit of equally common ones. */
export function commonestOf<Label extends string | number>(labels: readonly Label[]): Label | undefined {
  const [commonest] = [...countsOf(labels)].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return commonest?.[0]
}

function isConstant(values: readonly number[]): boolean {
  return values.every((value) => value === values[0])
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const found = new Array<number>(values.length).fill(0)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end++
    for (const index of order.slice(start, end)) found[index] = (start + end + 1) / 2
    start = end
  }
  return found
}

function shared(a: readonly number[], b: readonly number[]): number {
  return a.filter((label) => b.includes(label)).length
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

function countsOf<Label>(labels: readonly Label[]): Map<Label, number> {
  const counts = new Map<Label, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return counts
}

function checkLengths(predicted: readonly unknown[], actual: readonly unknown[]): void {
  if (predicted.length !== actual.length) throw new RangeError('predicted and actual differ in length')
}
