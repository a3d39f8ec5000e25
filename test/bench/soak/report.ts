import { type Trend, trendOf } from './fit.ts'
import { FIGURES, type Figure, type Sample } from './sample.ts'

export interface Verdict {
  readonly daemon: string
  readonly figure: Figure
  readonly trend: Trend
  readonly isFlat: boolean
}

interface Allowed {
  /** Part of the mean. */
  readonly growth: number
  /** Less than this says nothing: blocks on their way, a collection that has not come yet. */
  readonly gain: number
}

const MEGABYTE = 1_000_000

/** What a figure may gain over the second half: more than both is growth. */
const ALLOWED: Readonly<Record<Figure, Allowed>> = {
  rss: { growth: 0.1, gain: 8 * MEGABYTE },
  heap: { growth: 0.05, gain: 2 * MEGABYTE },
  // A dozen checkpoints that are on their way or being trained when the sample is taken.
  buffers: { growth: 0.25, gain: 12 * MEGABYTE },
  files: { growth: 0.1, gain: 4 },
  handles: { growth: 0.1, gain: 8 },
  listeners: { growth: 0.1, gain: 200 },
  maps: { growth: 0.05, gain: 40 },
  sets: { growth: 0.05, gain: 80 },
  signals: { growth: 0.2, gain: 60 },
  promises: { growth: 0.1, gain: 200 },
  journal: { growth: 0.5, gain: 32_000 },
  // Records are kept for ever, weights of the last `keepRounds` rounds.
  store: { growth: 0.1, gain: 5 * MEGABYTE },
}

const isFlat = ({ gain, growth }: Trend, allowed: Allowed) => gain <= allowed.gain || growth <= allowed.growth

export function judge(samples: ReadonlyMap<string, ReadonlyMap<number, Sample>>): readonly Verdict[] {
  return [...samples].flatMap(([daemon, rounds]) =>
    FIGURES.flatMap((figure) => {
      const trend = trendOf([...rounds].map(([round, taken]) => ({ round, value: taken[figure] })))
      return trend === null ? [] : [{ daemon, figure, trend, isFlat: isFlat(trend, ALLOWED[figure]) }]
    }),
  )
}

export function table(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ daemon, figure, trend, isFlat }) => {
    const cells = [daemon, figure, show(figure, trend.first), show(figure, trend.last), show(figure, trend.perRound)]
    return `| ${[...cells, `${(100 * trend.growth).toFixed(1)}%`, isFlat ? 'flat' : 'GROWS'].join(' | ')} |`
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
