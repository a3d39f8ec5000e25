/** How a figure moved over the second half of a run: the first half warms up. */
export interface Trend {
  readonly first: number
  readonly last: number
  readonly perRound: number
  /** What the line gained over the second half. */
  readonly gain: number
  /** The same as a part of the mean. */
  readonly growth: number
}

export interface Point {
  readonly round: number
  readonly value: number
}

/** Least squares. Null for fewer than four points in the second half. */
export function trendOf(points: readonly Point[]): Trend | null {
  const half = points.slice(Math.floor(points.length / 2))
  const [first, last] = [half[0], half.at(-1)]
  if (!first || !last || half.length < 4) return null
  const meanRound = mean(half.map(({ round }) => round))
  const meanValue = mean(half.map(({ value }) => value))
  let covariance = 0
  let variance = 0
  for (const { round, value } of half) {
    covariance += (round - meanRound) * (value - meanValue)
    variance += (round - meanRound) ** 2
  }
  const perRound = variance === 0 ? 0 : covariance / variance
  const gain = perRound * (last.round - first.round)
  return { first: first.value, last: last.value, perRound, gain, growth: gain / Math.max(1, Math.abs(meanValue)) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
