import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trendOf } from '../../../bench/soak/fit.ts'
import { judge, table } from '../../../bench/soak/report.ts'
import { FIGURES, type Sample } from '../../../bench/soak/sample.ts'

const points = (valueAt: (round: number) => number) =>
  Array.from({ length: 20 }, (_, i) => ({ round: 5 * (i + 1), value: valueAt(5 * (i + 1)) }))

function verdictsOf(valueAt: (round: number) => number) {
  const samples = points(valueAt).map(({ round, value }): [number, Sample] => {
    const figures = FIGURES.map((figure) => [figure, value] as const)
    return [round, { ...EMPTY, ...Object.fromEntries(figures) }]
  })
  return judge(new Map([['ada', new Map(samples)]]))
}

const EMPTY: Sample = {
  rss: 0,
  heap: 0,
  buffers: 0,
  files: 0,
  handles: 0,
  listeners: 0,
  maps: 0,
  sets: 0,
  signals: 0,
  promises: 0,
  journal: 0,
  store: 0,
}

// fault 89: the judge of the soak.
describe('trendOf', () => {
  it('is the slope of the second half', () => {
    const trend = trendOf(points((round) => (round <= 50 ? 50 * round : 1_000 + 3 * round)))
    assert.ok(trend)
    assert.ok(Math.abs(trend.perRound - 3) < 1e-9)
    assert.equal(trend.last, 1_300)
  })

  it('takes swings about one level for no growth', () => {
    const trend = trendOf(points((round) => 1_000 + (round % 10 === 0 ? 50 : -50)))
    assert.ok(trend && Math.abs(trend.growth) < 0.05)
  })

  it('says nothing of too few points', () => {
    assert.equal(trendOf(points((round) => round).slice(0, 6)), null)
  })
})

describe('the verdict on a soak', () => {
  it('is flat for what stays, and for what warms up and then stays', () => {
    assert.ok(verdictsOf(() => 1_000).every(({ isFlat }) => isFlat))
    assert.ok(verdictsOf((round) => Math.min(round, 50) * 20).every(({ isFlat }) => isFlat))
  })

  it('is growth for everything that doubles', () => {
    const growing = verdictsOf((round) => 1e8 + 2e7 * round)
    assert.deepEqual(
      growing.filter(({ isFlat }) => isFlat).map(({ figure }) => figure),
      [],
    )
    assert.match(table(growing), /\| ada \| listeners \| .* \| GROWS \|/)
  })

  it('is flat for what gains too little to say anything', () => {
    assert.ok(verdictsOf((round) => round / 20).every(({ isFlat }) => isFlat))
  })
})
