import { type ChartSeries, type LabCurve, type LabPlan, lineChart } from 'coldmesh'
import { type Html, trusted } from './html.ts'
import { groupName } from './table.ts'

/** A curve over the rounds, with the pretrained base and the baselines as level lines. */
export function chartOf(curve: LabCurve, { rounds, baselines }: LabPlan): Html {
  const name = groupName(curve)
  const own = curve.points.flatMap(({ round, mean, standardError }) =>
    round === null ? [] : [{ x: round, y: mean, error: standardError }],
  )
  const pretrained = own.find(({ x }) => x === 0)
  const levels = [
    ...(pretrained === undefined ? [] : [{ name: 'pretrained', y: pretrained.y }]),
    ...baselines.flatMap((of) => {
      const point = curve.points.find((one) => one.of === of)
      return point === undefined ? [] : [{ name: of, y: point.mean }]
    }),
  ]
  const series: readonly ChartSeries[] = [
    { name: 'ColD Fusion', points: own },
    ...levels.map(({ name, y }) => ({
      name,
      isDashed: true,
      points: [
        { x: 0, y },
        { x: rounds, y },
      ],
    })),
  ]
  const id = `${curve.mode} ${curve.group} ${name}`.replace(/[^A-Za-z0-9]+/g, '-')
  const chart = lineChart({
    id,
    title: `${name}, ${curve.mode}`,
    xLabel: 'round',
    yLabel: 'test score, %',
    formatY: (value) => String(Math.round(value * 1000) / 10),
    series,
    isNarrow: true,
  })
  return trusted(chart)
}
