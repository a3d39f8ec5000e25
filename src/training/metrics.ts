// Scores of predictions, as the field reports them (GLUE, scikit-learn), by counts: rows come one at a time, and none is kept. Correlations
// that are not defined, because one side is constant, are 0, as GLUE's and scikit-learn's Matthews correlation is.

/** How often each label was predicted, was there, and both in one row. */
export interface LabelCounts<Label> {
  readonly rows: number
  /** Rows whose labels are all right, and no other. */
  readonly exact: number
  readonly found: ReadonlyMap<Label, number>
  readonly there: ReadonlyMap<Label, number>
  readonly right: ReadonlyMap<Label, number>
}

/** Counts rows of any number of labels, each label once; `add` takes what was predicted and what is there. */
export function createLabelCounts<Label>() {
  const [found, there, right] = [new Map<Label, number>(), new Map<Label, number>(), new Map<Label, number>()]
  let rows = 0
  let exact = 0
  return {
    add(predicted: readonly Label[], actual: readonly Label[]): void {
      const shared = actual.filter((label) => predicted.includes(label))
      for (const label of predicted) increase(found, label)
      for (const label of actual) increase(there, label)
      for (const label of shared) increase(right, label)
      rows++
      if (shared.length === actual.length && predicted.length === actual.length) exact++
    },
    counts: (): LabelCounts<Label> => ({ rows, exact, found, there, right }),
  }
}

/** Share of rows that are right: of lists of labels, all of them and no other; 0 for none. */
export function accuracy<Label>({ rows, exact }: LabelCounts<Label>): number {
  return rows === 0 ? 0 : exact / rows
}

/** Mean over `labels` of each one's F1; absent: over those that occur. A label that occurs nowhere counts as 0, as scikit-learn has it. */
export function macroF1<Label>(
  counts: LabelCounts<Label>,
  labels: readonly Label[] = [...new Set([...counts.found.keys(), ...counts.there.keys()])],
): number {
  return mean(labels.map((label) => f1(counts, label)))
}

/** F1 of one label: 2 true positives / (predicted + actual); 0 where the label is in neither. */
export function f1<Label>({ found, there, right }: LabelCounts<Label>, positive: Label): number {
  const both = (found.get(positive) ?? 0) + (there.get(positive) ?? 0)
  return both === 0 ? 0 : (2 * (right.get(positive) ?? 0)) / both
}

/** F1 over all labels of all rows together; 0 where there are none on either side. */
export function microF1<Label>({ found, there, right }: LabelCounts<Label>): number {
  const both = total(found) + total(there)
  return both === 0 ? 0 : (2 * total(right)) / both
}

/**
 * Matthews correlation of two or more labels, one a row (Gorodkin's R_K): the correlation of the indicator vectors. From -1 to 1; 0 where one
 * side has one label only.
 */
export function matthews<Label>({ rows, found, there, right }: LabelCounts<Label>): number {
  const products = [...there].reduce((sum, [label, count]) => sum + count * (found.get(label) ?? 0), 0)
  const squares = (counts: ReadonlyMap<Label, number>) => [...counts.values()].reduce((sum, n) => sum + n * n, 0)
  const spread = Math.sqrt((rows * rows - squares(found)) * (rows * rows - squares(there)))
  return spread === 0 ? 0 : (total(right) * rows - products) / spread
}

type Numbers = readonly number[] | Float64Array

/** Pearson's correlation of two series; 0 where one is constant. */
export function pearson(predicted: Numbers, actual: Numbers): number {
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
export function spearman(predicted: Numbers, actual: Numbers): number {
  return pearson(ranks(predicted), ranks(actual))
}

/** Mean of the squared differences; 0 for none. */
export function meanSquaredError(predicted: Numbers, actual: Numbers): number {
  checkLengths(predicted, actual)
  return mean(Float64Array.from(actual, (value, index) => (value - (predicted[index] ?? 0)) ** 2))
}

/** The commonest of the labels that were counted, the first by code unit of equally common ones. */
export function commonestOf<Label extends string | number>(counts: ReadonlyMap<Label, number>): Label | undefined {
  const [commonest] = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
  return commonest?.[0]
}

export function increase<Label>(counts: Map<Label, number>, label: Label): void {
  counts.set(label, (counts.get(label) ?? 0) + 1)
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

function isConstant(values: Numbers): boolean {
  const [first] = values
  for (const value of values) if (value !== first) return false
  return true
}

function ranks(values: Numbers): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const found = new Float64Array(values.length)
  for (let start = 0; start < order.length; ) {
    let end = start + 1
    while (end < order.length && values[order[end] ?? 0] === values[order[start] ?? 0]) end++
    for (const index of order.subarray(start, end)) found[index] = (start + end + 1) / 2
    start = end
  }
  return found
}

function mean(values: Numbers): number {
  let sum = 0
  for (const value of values) sum += value
  return values.length === 0 ? 0 : sum / values.length
}

function checkLengths(predicted: Numbers, actual: Numbers): void {
  if (predicted.length !== actual.length) throw new RangeError('predicted and actual differ in length')
}
