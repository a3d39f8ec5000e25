import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { readExamples } from '../../../../src/adapters/datasets/index.ts'
import { evaluateBase } from '../../../../src/engines/evaluate-base.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { constantScore } from '../../../../src/evaluation/constant-score.ts'
import { sampleFewShot } from '../../../../src/evaluation/few-shot.ts'
import type { EvaluationTask } from '../../../../src/evaluation/judge-base.ts'
import type { Dataset } from '../../../../src/ports/dataset.ts'
import { splitExamples } from '../../../../src/training/split.ts'
import { multiLabelDataset, regressionDataset } from '../../../support/training/task-types.ts'
import { tinyModel } from '../../../support/training/tiny.ts'

function taskOf(dataset: Dataset): EvaluationTask {
  const { training, validation } = splitExamples(dataset.examples, { fraction: 0.25, seed: 1 })
  return { name: dataset.name, train: { ...dataset, examples: training }, test: validation }
}

describe('evaluateBase', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())
  const options = { trainer, model: tinyModel({ dropout: 0 }), seeds: [1, 2], plan: { learningRate: 2e-3, steps: 60 } }

  it('judges by numbers: correlations and the squared error, beside the mean, which has no correlation', async () => {
    const result = await evaluateBase({ ...options, task: taskOf(regressionDataset()), mode: 'full' })
    assert.deepEqual([result.metric, result.majority, result.labels], ['pearson-spearman', 0, 0])
    assert.ok(result.mean > 0.8, `${result.mean}`)
    const { pearson, spearman } = result.scores
    assert.ok(Math.abs(((pearson?.mean ?? 0) + (spearman?.mean ?? 0)) / 2 - result.mean) < 1e-12)
    assert.ok((result.scores['mean-squared-error']?.mean ?? 0) > 0)
  })

  it('judges pairs of texts with several labels in few-shot mode, by another metric where one is asked for', async () => {
    const labelled = multiLabelDataset()
    const pairs = labelled.examples.map((example) => ({ ...example, pair: 'the guests' }))
    const plan = { ...options.plan, metric: 'exact-match' as const }
    const task = taskOf({ ...labelled, examples: pairs })
    const result = await evaluateBase({ ...options, plan, task, mode: 'few-shot' })
    assert.deepEqual([result.metric, result.rows, result.values.length], ['exact-match', 100, 2])
    assert.ok(result.mean > 0.3 && result.scores['micro-f1'] !== undefined, JSON.stringify(result))
  })

  it('refuses a test row with a label that no training row has', async () => {
    const task = { ...taskOf(multiLabelDataset()), test: [{ text: 'x', label: ['cooking', 'sport'] }] }
    await assert.rejects(evaluateBase({ ...options, task, mode: 'full' }), /"sport", which no training row has/)
  })
})

describe('constantScore', () => {
  const plan = { metric: null, positive: null }

  it('always answers the commonest label, the labels that half of the rows have, or the mean', async () => {
    const single = { name: '', labels: ['a', 'b'], examples: ['a', 'b', 'b'].map((label) => ({ text: '', label })) }
    assert.equal(await constantScore(single, [{ text: '', label: 'b' }], plan, readExamples), 1)
    const sets = [['a', 'b'], ['b'], ['a'], []].map((label) => ({ text: '', label }))
    const multi = { name: '', task: 'multi-label' as const, labels: ['a', 'b'], examples: sets }
    assert.equal(await constantScore(multi, [{ text: '', label: ['a', 'b'] }], plan, readExamples), 1)
    const rare = { ...multi, examples: [...sets, ...Array(9).fill({ text: '', label: [] })] }
    assert.equal(await constantScore(rare, [{ text: '', label: ['a'] }], plan, readExamples), 1)
    assert.equal(await constantScore(regressionDataset(), regressionDataset().examples, plan, readExamples), 0)
  })
})

describe('sampling and splitting', () => {
  it('draws numbers from all rows', () => {
    const sample = sampleFewShot(regressionDataset().examples, { count: 30, seed: 1 })
    assert.equal(new Set(sample.map(({ text }) => text)).size, 30)
    assert.ok(new Set(sample.map(({ label }) => label)).size >= 4)
  })

  it('holds out a share of numbers, and of rows by their rarest label', () => {
    const numbers = splitExamples(regressionDataset().examples, { fraction: 0.1, seed: 1 })
    assert.equal(numbers.validation.length, 24)
    const { training, validation } = splitExamples(multiLabelDataset().examples, { fraction: 0.1, seed: 1 })
    for (const label of ['cooking', 'guests', 'music']) {
      const has = (rows: typeof training) => rows.filter((row) => (row.label as string[]).includes(label)).length
      assert.ok(has(training) > 0 && has(validation) > 0, label)
    }
    assert.equal(training.length + validation.length, 240)
  })
})
