import { type Trend, trendOf } from './fit.ts'
import { FIGURES, type Figure, type Sample } from './sample.ts'

export interface Verdict {
  readonly daemon: string
  readonly figure: Figure
  readonly trend: Trend
  readonly isFlat: boolean
}

/** Growth over the second half that still counts as flat: the system's allocator and the collector move by more than nothing. */
const FLAT_GROWTH: Readonly<Record<Figure, number>> = {
  rss: 0.1,
  heap: 0.05,
  buffers: 0.25,
  files: 0.1,
  handles: 0.1,
  listeners: 0.1,
  maps: 0.05,
  sets: 0.05,
  signals: 0.2,
  promises: 0.2,
  journal: 0.5,
  // Bases are kept for ever.
  store: Number.POSITIVE_INFINITY,
}

export function judge(samples: ReadonlyMap<string, ReadonlyMap<number, Sample>>): readonly Verdict[] {
  return [...samples].flatMap(([daemon, rounds]) =>
    FIGURES.flatMap((figure) => {
      const trend = trendOf([...rounds].map(([round, taken]) => ({ round, value: taken[figure] })))
      return trend === null ? [] : [{ daemon, figure, trend, isFlat: trend.growth <= FLAT_GROWTH[figure] }]
    }),
  )
}

export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ daemon, figure, trend, isFlat }) => {
    const verdict = FLAT_GROWTH[figure] === Number.POSITIVE_INFINITY ? 'grows, as it must' : isFlat ? 'flat' : 'GROWS'
    const cells = [daemon, figure, show(figure, trend.first), show(figure, trend.last), show(figure, trend.perRound)]
    return `| ${[...cells, `${(100 * trend.growth).toFixed(1)}%`, verdict].join(' | ')} |`
  })
  return [
    '| daemon | figure | halfway | at the end | per round | growth | verdict |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

const BYTES: readonly Figure[] = ['rss', 'heap', 'buffers', 'journal', 'store']

function show(figure: Figure, value: number): string {
  if (!BYTES.includes(figure)) return value.toFixed(2)
  return Math.abs(value) < 1e6 ? `${(value / 1000).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`
}
