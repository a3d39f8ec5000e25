import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { largestDifference } from '../../../support/training/fixtures.ts'
import { multiLabelDataset, regressionDataset } from '../../../support/training/task-types.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const PLAN = completePlan({ steps: 60, learningRate: 2e-3, headRate: 5, evaluateEvery: 20, seed: 3, maxTokens: 16 })
const MODEL = tinyModel({ dropout: 0 })

describe('task types', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())

  it('learns any number of labels a row, and scores them by micro F1', async () => {
    const dataset = multiLabelDataset()
    const { head, body, validation } = await trainer.train({
      model: MODEL,
      head: null,
      dataset,
      plan: { ...PLAN, steps: 150 },
    })
    assert.deepEqual([head.task, head.labels], ['multi-label', dataset.labels])
    assert.equal(validation.metric, 'micro-f1')
    assert.ok(validation.after > 0.85, JSON.stringify(validation))
    assert.ok((validation.scores['exact-match'] ?? 0) > 0.7 && (validation.scores['macro-f1'] ?? 0) > 0.7)
    const { examples } = dataset
    const all = await trainer.evaluate({ model: { ...MODEL, body }, head, examples, maxTokens: 16 })
    assert.ok(all.metric === 'micro-f1' && all.rows === examples.length && all.score > 0.85)
  })

  it("learns numbers far from zero, with a head whose output is the number in the labels' own unit", async () => {
    const dataset = regressionDataset()
    const plan = completePlan({ ...PLAN, metric: 'pearson' })
    const { head, body, validation } = await trainer.train({ model: MODEL, head: null, dataset, plan })
    assert.deepEqual([head.task, head.weights[0]?.shape], ['regression', [1, 32]])
    assert.ok(validation.metric === 'pearson' && validation.after > 0.9, JSON.stringify(validation))
    const model = { ...MODEL, body }
    const { scores } = await trainer.evaluate({ model, head, examples: dataset.examples, maxTokens: 16 })
    // The numbers' own variance is 17,000.
    assert.ok((scores['mean-squared-error'] ?? 1e9) < 4_000, JSON.stringify(scores))
    const again = await trainer.train({ model, head, dataset, plan: { ...plan, steps: 1, learningRate: 1e-8 } })
    assert.ok(Math.abs((again.validation.before ?? 0) - validation.after) < 1e-5, JSON.stringify(again.validation))
  })

  it('trains a head alone for each type', async () => {
    const plan = completePlan({ ...PLAN, mode: 'frozen', steps: 600, evaluateEvery: 0, learningRate: 2e-2 })
    const learned = await trainer.train({ model: MODEL, head: null, dataset: sentenceDataset(), plan: PLAN })
    const model = { ...MODEL, body: learned.body }
    for (const dataset of [multiLabelDataset(), regressionDataset()]) {
      const { validation, body } = await trainer.train({ model, head: null, dataset, plan })
      assert.ok(validation.after > 0.6, `${dataset.name} ${validation.after}`)
      assert.deepEqual(body, model.body)
    }
  })

  it('trains one body on tasks of all types together', async () => {
    const datasets = [regressionDataset(), sentenceDataset(), multiLabelDataset()]
    const tasks = datasets.map((dataset) => ({ dataset, head: null }))
    const together = await trainer.trainTogether({ model: MODEL, tasks, plan: { ...PLAN, steps: 180 } })
    const model = { ...MODEL, body: together.body }
    for (const [index, { examples, name }] of datasets.entries()) {
      const head = together.heads[index]
      assert.ok(head !== undefined)
      const { score } = await trainer.evaluate({ model, head, examples, maxTokens: 16 })
      assert.ok(score > 0.8, `${name}: ${score}`)
    }
  })

  it('has the heads of ONNX Runtime with TensorFlow.js', async () => {
    const other = await createTrainer({ engine: 'tfjs-wasm' })
    const tasks = [regressionDataset(), sentenceDataset(), multiLabelDataset()].map((dataset) => ({
      dataset,
      head: null,
    }))
    const plan = { ...PLAN, steps: 9, batch: 8 }
    const [ours, theirs] = [trainer, other].map((one) => one.trainTogether({ model: MODEL, tasks, plan }))
    const expected = (await ours)?.heads ?? []
    for (const [index, { task, weights }] of ((await theirs)?.heads ?? []).entries()) {
      assert.equal(task, expected[index]?.task)
      const size = Math.max(...(expected[index]?.weights ?? []).flatMap(({ data }) => [...data.map(Math.abs)]))
      for (const [at, { data }] of weights.entries()) {
        const error = largestDifference(data, expected[index]?.weights[at]?.data ?? new Float32Array())
        assert.ok(error < 1e-3 * size, `${task}: ${error} of ${size}`)
      }
    }
    await other.stop()
  })
})

describe('what a task cannot be trained with', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())
  const numbers = regressionDataset()
  const train = (dataset: typeof numbers, changes: Parameters<typeof completePlan>[0] = {}) =>
    trainer.train({ model: MODEL, head: null, dataset, plan: completePlan({ ...PLAN, steps: 1, ...changes }) })
  const first = numbers.examples[0] ?? { text: '', label: 0 }

  it('refuses a metric of another type, f1 without its label, and a label that is not there', async () => {
    await assert.rejects(train(numbers, { metric: 'accuracy' }), /The metric accuracy is not for regression tasks/)
    await assert.rejects(train(sentenceDataset(), { metric: 'f1' }), /f1 is about one label/)
    await assert.rejects(train(sentenceDataset(), { positive: 'sport' }), /"sport" is not one of the dataset's/)
  })

  it('refuses numbers that are all one, what is no number, and labels that nobody gave', async () => {
    const same = numbers.examples.map(({ text }) => ({ text, label: 3 }))
    await assert.rejects(train({ ...numbers, examples: same }), /All rows to learn from have the same number/)
    const words = [...numbers.examples, { ...first, label: 'much' }]
    await assert.rejects(train({ ...numbers, examples: words }), /label "much", which is no finite number/)
    await assert.rejects(train({ ...sentenceDataset(), validation: [{ text: 'x', label: 'sport' }] }), /"sport"/)
    await assert.rejects(train({ ...multiLabelDataset(), examples: sentenceDataset().examples }), /no list of labels/)
  })
})
