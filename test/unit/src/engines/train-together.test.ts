import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import type { Dataset } from '../../../../src/ports/dataset.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { Head, TrainingPlan } from '../../../../src/ports/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

/** Another task over the same texts: does the sentence speak of somebody's aunt or a thing before dinner? */
function otherTask(): Dataset {
  const examples = sentenceDataset().examples.map(({ text }) => ({
    text,
    label: /aunt|dinner/.test(text) ? 'yes' : 'no',
  }))
  return { name: 'other', labels: ['no', 'yes'], examples }
}

describe('trainTogether', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())
  const model = tinyModel()
  const first = sentenceDataset()
  const second = otherTask()
  const plan = completePlan({ steps: 12, learningRate: 1e-3, headRate: 5, evaluateEvery: 0, accumulation: 2, seed: 3 })
  const together = (datasets: readonly Dataset[], changes: Partial<TrainingPlan> = {}) =>
    trainer.trainTogether({
      model,
      tasks: datasets.map((dataset) => ({ dataset, head: null })),
      plan: { ...plan, ...changes },
    })
  const scoreOf = async (dataset: Dataset, head: Head | undefined, body: typeof model.body) => {
    assert.ok(head)
    const scored = await trainer.evaluate({
      model: { ...model, body },
      head,
      examples: dataset.examples,
      maxTokens: 32,
    })
    return scored.score
  }

  it('with one task gives the weights that training it alone gives, bit for bit', async () => {
    const alone = await trainer.train({
      model,
      head: null,
      dataset: { ...first, validation: first.examples },
      plan,
    })
    const one = await together([first])
    assert.deepEqual(one.body, alone.body)
    assert.deepEqual(one.heads, [alone.head])
    assert.equal(one.steps, alone.steps)
  })

  it('teaches one body two tasks: the loss falls, and each is answered by its own head', async () => {
    const losses: number[] = []
    const { body, heads } = await trainer.trainTogether({
      model,
      tasks: [first, second].map((dataset) => ({ dataset, head: null })),
      plan: { ...plan, steps: 160, learningRate: 2e-3, dropout: 0 },
      onProgress: ({ loss }) => losses.push(loss),
    })
    // Of heads that know nothing: the mean of ln 3 and ln 2, 0.9.
    assert.ok((losses[0] ?? 0) > 0.8 && (losses.at(-1) ?? 1) < 0.4, `${losses}`)
    assert.deepEqual(
      heads.map(({ labels }) => labels),
      [first.labels, second.labels],
    )
    const [one, two] = [await scoreOf(first, heads[0], body), await scoreOf(second, heads[1], body)]
    assert.ok(one > 0.8 && two > 0.9, `${one} ${two}`)
  })

  it("keeps heads apart: a batch of one task leaves the other's head as it was", async () => {
    const start = await together([first, second], { steps: 1, accumulation: 1, learningRate: 1e-8, weightDecay: 0 })
    const fast = { steps: 1, accumulation: 1, learningRate: 1e-2, weightDecay: 0, warmup: 0 }
    const after = await together([first, second], fast)
    // The first batch is the first task's.
    assert.notDeepEqual(after.heads[0]?.weights, start.heads[0]?.weights)
    assert.deepEqual(after.heads[1]?.weights, start.heads[1]?.weights)
    assert.notDeepEqual(after.body, model.body)
  })

  it('goes on with heads that are given', async () => {
    const { body, heads } = await together([first, second], { steps: 100 })
    const again = await trainer.trainTogether({
      model: { ...model, body },
      tasks: [first, second].map((dataset, index) => ({ dataset, head: heads[index] ?? null })),
      plan: { ...plan, steps: 1, learningRate: 1e-8 },
    })
    assert.equal(await scoreOf(second, again.heads[1], again.body), await scoreOf(second, heads[1], body))
  })

  it('refuses no tasks, a task without rows, and a frozen body', async () => {
    await assert.rejects(together([]), (error) => isColdmeshError(error, 'bad-dataset'))
    await assert.rejects(together([{ ...first, examples: [] }]), (error) => isColdmeshError(error, 'bad-dataset'))
    await assert.rejects(together([first], { mode: 'frozen' }), (error) => isColdmeshError(error, 'unsupported'))
  })

  it('stops when the signal aborts', async () => {
    const controller = new AbortController()
    const training = trainer.trainTogether({
      model,
      tasks: [{ dataset: first, head: null }],
      plan: { ...plan, steps: 1_000_000 },
      signal: controller.signal,
      onProgress: () => controller.abort(),
    })
    await assert.rejects(training, (error) => isColdmeshError(error, 'aborted'))
  })
})

describe('trainTogether in TensorFlow.js', async () => {
  const trainers = [
    await createTrainer({ engine: 'onnx', threads: 1 }),
    await createTrainer({ engine: 'tfjs-wasm', threads: 1 }),
  ]
  after(() => Promise.all(trainers.map((trainer) => trainer.stop())))

  it('gives the heads that ONNX Runtime gives', async () => {
    const tasks = [sentenceDataset(), otherTask()].map((dataset) => ({ dataset, head: null }))
    const plan = completePlan({ steps: 6, learningRate: 1e-3, batch: 8, dropout: 0, evaluateEvery: 0, seed: 5 })
    const [onnx, tfjs] = await Promise.all(
      trainers.map((trainer) => trainer.trainTogether({ model: tinyModel({ layers: 1 }), tasks, plan })),
    )
    // Sums in f32 in another order; AdamW makes the sign of a tiny gradient a step of the rate.
    const far = onnx?.heads.flatMap(({ weights }, task) =>
      weights.flatMap(({ data }, index) => {
        const other = tfjs?.heads[task]?.weights[index]?.data
        return [...data].filter((value, at) => Math.abs(value - (other?.[at] ?? Number.NaN)) < 1e-3 === false)
      }),
    )
    assert.deepEqual(far, [])
  })
})
