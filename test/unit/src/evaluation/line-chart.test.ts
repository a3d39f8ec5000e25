import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type LineChart, lineChart } from '../../../../src/evaluation/line-chart.ts'

const chart: LineChart = {
  id: 'seen',
  title: 'Frozen <seen> & "unseen"',
  xLabel: 'round',
  yLabel: 'accuracy',
  formatY: (value) => `${Math.round(value * 100)} %`,
  series: [
    { name: 'coldmesh', points: [2, 0, 1].map((x) => ({ x, y: 0.6 + x / 20, error: 0.01 })) },
    { name: 'multitask\u0007', isDashed: true, points: [0, 2].map((x) => ({ x, y: 0.75 })) },
  ],
}

/** Every element is closed by its own name: enough of XML for what the module writes. */
function isWellFormed(svg: string): boolean {
  const open: string[] = []
  for (const [, closing, name = '', own] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return false
    } else if (own !== '/') open.push(name)
  }
  return open.length === 0
}

describe('lineChart', () => {
  const svg = lineChart(chart)

  it('is well-formed whatever names hold', () => {
    assert.ok(isWellFormed(svg))
    assert.ok(svg.includes('Frozen &lt;seen&gt; &amp; &quot;unseen&quot;'))
    assert.ok(!svg.includes('\u0007'))
    assert.ok(!isWellFormed(svg.replace('</title>', '')))
  })

  it('tells those who see no lines all of its numbers', () => {
    assert.ok(svg.includes('role="img"'))
    assert.match(svg, /<desc id="seen-desc">accuracy by round\. coldmesh: .*0: 60 % ± 1 %/)
    assert.match(svg, /aria-labelledby="seen-title seen-desc"/)
  })

  it('draws a line, a band of errors and a mark for each point', () => {
    assert.equal(svg.match(/class="line"/g)?.length, 2) // the line, and its sample in the legend
    assert.equal(svg.match(/class="line dashed"/g)?.length, 2)
    assert.equal(svg.match(/class="band"/g)?.length, 1)
    assert.equal(svg.match(/class="mark"/g)?.length, 3 + 2 + 2)
  })

  it('draws points in the order of x', () => {
    const path = /class="line" d="M([\d.,L]+)"/.exec(svg)?.[1] ?? ''
    const xs = path.split('L').map((point) => Number(point.split(',')[0]))
    assert.equal(xs.length, 3)
    assert.deepEqual(
      xs,
      xs.toSorted((a, b) => a - b),
    )
  })

  it('puts larger values higher', () => {
    const path = /class="line" d="M([\d.,L]+)"/.exec(svg)?.[1] ?? ''
    const ys = path.split('L').map((point) => Number(point.split(',')[1]))
    assert.deepEqual(
      ys,
      ys.toSorted((a, b) => b - a),
    )
  })

  it('is styled for light and dark, within its own id', () => {
    assert.ok(svg.includes('prefers-color-scheme:dark'))
    const rules = /<style>(.*?)<\/style>/s.exec(svg)?.[1] ?? ''
    for (const rule of rules.split('}').filter((text) => text.includes('{'))) assert.ok(rule.includes('#seen'), rule)
  })

  it('takes a single point, and refuses none or what is not finite', () => {
    assert.ok(isWellFormed(lineChart({ ...chart, series: [{ name: 'a', points: [{ x: 0, y: 0.5 }] }] })))
    assert.throws(() => lineChart({ ...chart, series: [] }), RangeError)
    assert.throws(() => lineChart({ ...chart, series: [{ name: 'a', points: [{ x: 0, y: NaN }] }] }), RangeError)
  })
})
