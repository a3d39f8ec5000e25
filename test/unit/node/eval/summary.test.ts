import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import pc from 'picocolors'
import type { Candidate } from '../../../../node/eval/bases.ts'
import type { Judged } from '../../../../node/eval/judge.ts'
import { plotMeans } from '../../../../node/eval/plot.ts'
import { resultObject } from '../../../../node/eval/result.ts'
import { meansOf } from '../../../../node/eval/summary.ts'
import { formatTables } from '../../../../node/eval/table.ts'
import { evaluationPlan } from '../../../../src/evaluation/plans.ts'
import { meanAndError } from '../../../../src/evaluation/statistics.ts'

const candidate = (label: string, round: number | null): Candidate => ({
  label,
  round,
  cid: round === null ? null : `base ${round}`,
  baseline: round === null ? 'multitask' : null,
  load: () => Promise.reject(new Error('not loaded')),
})
const judged = (of: Candidate, task: string, seen: boolean | null, accuracies: readonly number[]): Judged => ({
  candidate: of,
  seen,
  task,
  mode: 'frozen',
  seeds: accuracies.map((_, index) => index + 1),
  metric: 'accuracy',
  values: accuracies,
  scores: {},
  ...meanAndError(accuracies),
  majority: 0.25,
  tfidf: 0.35,
  rows: 90,
  testRows: 40,
  labels: 4,
  plan: evaluationPlan('frozen', {}, 1),
  trainer: 'onnx',
  device: 'cpu',
  seconds: 1,
})

const [zero, one, multitask] = [candidate('round 0', 0), candidate('round 1', 1), candidate('multitask', null)]
const all = [
  judged(zero, 'a', true, [0.5, 0.6]),
  judged(zero, 'b', true, [0.7, 0.6]),
  judged(zero, 'c', false, [0.4, 0.4]),
  judged(one, 'a', true, [0.8, 0.8]),
  judged(one, 'b', true, [0.8, 0.6]),
  judged(one, 'c', false, [0.5, 0.3]),
  judged(multitask, 'a', true, [0.9, 0.9]),
]

describe('meansOf', () => {
  it('keeps seen and unseen apart, and takes means seed by seed', () => {
    const means = meansOf(all).filter(({ candidate: of }) => of === zero)
    assert.deepEqual(
      means.map(({ group, tasks, mean, standardError }) => [group, tasks, mean, standardError]),
      [
        ['seen', 2, 0.6, 0],
        ['unseen', 1, 0.4, 0],
      ],
    )
  })

  it('puts tasks that nobody says it of into a group of their own', () => {
    assert.deepEqual(
      meansOf([judged(zero, 'a', null, [0.5])]).map(({ group }) => group),
      ['all'],
    )
  })
})

describe('formatTables', () => {
  it('has a row for each task and mean, a column for each base', () => {
    const text = formatTables(all, meansOf(all), pc.createColors(false))
    assert.match(text, /majority +TF-IDF +round 0 +round 1 +multitask/)
    assert.match(text, /mean +seen +60\.0% ± 0\.0% +75\.0% ± 5\.0%/)
    assert.match(text, /c +unseen +25\.0% +35\.0% +40\.0% ± 0\.0% +40\.0% ± 10\.0%/)
  })
})

describe('plotMeans', () => {
  it('draws rounds as a line and what is no round as a dashed one across them', () => {
    const svg = plotMeans(meansOf(all))
    assert.match(svg, /<desc[^>]*>score by round\. network, seen: 0: 60\.0% ± 0\.0%, 1: 75\.0% ± 5\.0%\./)
    assert.match(svg, /multitask, seen: 0: 90\.0% ± 0\.0%, 1: 90\.0%/)
    assert.match(svg, /class="line dashed"/)
  })
})

describe('resultObject', () => {
  it('has every result with its accuracies, and fractions everywhere', () => {
    const means = meansOf(all)
    const rest = { candidates: [zero, one, multitask], tasks: [], seeds: [1, 2], seconds: 1, plot: null, reports: [] }
    const object = JSON.parse(JSON.stringify(resultObject({ judged: all, means, ...rest })))
    assert.equal(object.results.length, all.length)
    assert.deepEqual(object.results[0].values, [0.5, 0.6])
    assert.deepEqual(object.bases[2], { label: 'multitask', round: null, base: null, baseline: 'multitask' })
    assert.equal(object.means.length, means.length)
  })
})
