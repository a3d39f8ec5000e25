import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { statedWork } from '../../../../src/peer/stated-work.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { regressionDataset } from '../../../support/training/task-types.ts'

describe('statedWork', () => {
  const state = (before: number | null, after: number) =>
    statedWork({
      dataset: regressionDataset(),
      task: 'numbers',
      commitment: new Uint8Array(32),
      plan: completePlan({}),
      trained: {
        ...{ body: [], head: { labels: [], weights: [] }, steps: 7, seconds: 1, rows: 200 },
        validation: { rows: 20, metric: 'pearson-spearman', before, after, scores: {} },
      },
      trainer: { name: 'onnx', device: 'cpu' },
      seconds: 1,
    }).metrics

  it('names the metric and states scores in billionths', () => {
    assert.deepEqual(state(null, 0.5), { name: 'pearson-spearman', before: null, after: 500_000_000 })
  })

  it('states a correlation below zero as zero', () => {
    assert.deepEqual(state(-0.25, -0.1), { name: 'pearson-spearman', before: 0, after: 0 })
  })
})
