import { type ChartPoint, type ChartSeries, chartColumn, type EvaluationMode, type LineChart } from 'coldmesh'
import { percent } from '../text/spread.ts'
import { GROUPS, type Group, type GroupMean } from './summary.ts'

/** A chart for each mode: means over rounds, and what isn't a round of the network as a dashed line. */
export function plotMeans(means: readonly GroupMean[]): string {
  const modes = [...new Set(means.map(({ mode }) => mode))]
  return chartColumn(
    modes.map((mode) =>
      chartOf(
        mode,
        means.filter((mean) => mean.mode === mode),
      ),
    ),
  )
}

function chartOf(mode: EvaluationMode, means: readonly GroupMean[]): LineChart {
  const rounds = means.flatMap(({ candidate }) => candidate.round ?? [])
  // A line needs two ends, also where there is one round or none.
  const ends = rounds.length === 0 ? [0, 1] : [Math.min(...rounds), Math.max(...rounds, Math.min(...rounds) + 1)]
  const series = GROUPS.flatMap((group) =>
    seriesOf(
      group,
      means.filter((mean) => mean.group === group),
      ends,
    ),
  )
  return {
    id: `mode-${mode}`,
    title: `Test scores, ${mode}`,
    xLabel: 'round',
    yLabel: 'score',
    formatY: percent,
    series,
  }
}

function seriesOf(group: Group, means: readonly GroupMean[], ends: readonly number[]): ChartSeries[] {
  const suffix = group === 'all' ? '' : `, ${group}`
  const points = means.flatMap(({ candidate, mean, standardError }): ChartPoint[] =>
    candidate.round === null ? [] : [{ x: candidate.round, y: mean, error: standardError }],
  )
  const others = means
    .filter(({ candidate }) => candidate.round === null)
    .map(({ candidate, mean, standardError }) => ({
      name: `${candidate.label}${suffix}`,
      isDashed: true,
      points: ends.map((x) => ({ x, y: mean, error: standardError })),
    }))
  return points.length === 0 ? others : [{ name: `network${suffix}`, points }, ...others]
}
