import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { TrainingProgress } from '../../../../src/ports/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const plan = completePlan({
  steps: 90,
  learningRate: 1e-3,
  headRate: 5,
  validationFraction: 0.2,
  evaluateEvery: 30,
  seed: 3,
})
const ENDLESS = completePlan({ steps: 1_000_000, evaluateEvery: 0 })

for (const engine of ['onnx', 'tfjs-wasm'] as const) {
  describe(`createTrainer with ${engine}`, async () => {
    const trainer = await createTrainer({ engine, threads: 1 })
    after(() => trainer.stop())
    const model = tinyModel()
    const dataset = sentenceDataset()
    const losses: number[] = []
    const delay = monitorEventLoopDelay({ resolution: 5 })
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    delay.enable()
    const result = await trainer.train({
      model,
      head: null,
      dataset,
      plan,
      onProgress: ({ loss }) => losses.push(loss),
    })
    delay.disable()
    clearInterval(timer)

    it('learns: the loss falls and accuracy on held-out rows beats the majority', () => {
      assert.ok((losses.at(-1) ?? 1) < (losses[0] ?? 0) / 2, `${losses}`)
      assert.ok(result.validation.after > 1 / dataset.labels.length + 0.3, `${result.validation.after}`)
      assert.equal(result.validation.rows + result.rows, dataset.examples.length)
      assert.equal(result.validation.before, null)
      assert.ok(result.steps <= plan.steps && result.seconds > 0)
    })

    it('returns the body with the names, shapes and order it was given, changed and finite', () => {
      const layout = (weights: typeof model.body) => weights.map(({ name, shape }) => `${name} ${shape}`)
      assert.deepEqual(layout(result.body), layout(model.body))
      for (const [index, { name, data }] of result.body.entries()) {
        assert.ok(data.every(Number.isFinite), name)
        assert.notDeepEqual(data, model.body[index]?.data, name)
      }
      assert.deepEqual(result.head.labels, dataset.labels)
    })

    it("leaves the caller's event loop free", () => {
      assert.ok(ticks >= 5, `${ticks} ticks`)
      assert.ok(delay.percentile(50) < 100e6, `${delay.percentile(50)} ns`)
    })

    it('evaluates what it trained', async () => {
      const trained = { ...model, body: result.body }
      const { head } = result
      const scored = await trainer.evaluate({ model: trained, head, examples: dataset.examples, maxTokens: 32 })
      assert.equal(scored.rows, dataset.examples.length)
      assert.ok(scored.score > 0.6 && (scored.scores['macro-f1'] ?? 0) > 0.5, JSON.stringify(scored))
    })

    it('gives identical weights for the same seed with one thread, others for another', async () => {
      const short = completePlan({ ...plan, steps: 5, evaluateEvery: 0 })
      const train = (seed: number) => trainer.train({ model, head: null, dataset, plan: { ...short, seed } })
      const [first, second, other] = [await train(7), await train(7), await train(8)]
      assert.deepEqual(first.body, second.body)
      assert.deepEqual(first.head, second.head)
      assert.notDeepEqual(first.body, other.body)
    })

    it('goes on with a head for the same labels, and starts anew for others', async () => {
      const trained = { ...model, body: result.body }
      const short = completePlan({ ...plan, steps: 1, learningRate: 1e-8 })
      const again = await trainer.train({ model: trained, head: result.head, dataset, plan: short })
      assert.equal(again.validation.before, result.validation.after)
      const renamed = { ...dataset, labels: dataset.labels.map((label) => `${label}s`) }
      const examples = dataset.examples.map((example) => ({ ...example, label: `${example.label}s` }))
      const fresh = await trainer.train({
        model: trained,
        head: result.head,
        dataset: { ...renamed, examples },
        plan: short,
      })
      assert.equal(fresh.validation.before, null)
      assert.deepEqual(fresh.head.labels, renamed.labels)
    })

    it('trains only the head in frozen mode', async () => {
      const trained = { ...model, body: result.body }
      const frozen = await trainer.train({
        model: trained,
        head: null,
        dataset,
        plan: { ...plan, mode: 'frozen', learningRate: 1e-2 },
      })
      assert.deepEqual(frozen.body, trained.body)
      assert.ok(frozen.validation.after > 0.6, `${frozen.validation.after}`)
    })

    it('uses the validation rows of the dataset when it has some', async () => {
      const validation = dataset.examples.slice(0, 10)
      const short = completePlan({ steps: 1 })
      const trained = await trainer.train({ model, head: null, dataset: { ...dataset, validation }, plan: short })
      assert.equal(trained.validation.rows, 10)
      assert.equal(trained.rows, dataset.examples.length)
    })

    it('takes gradient accumulation, a longer text and a body without pooler', async () => {
      const long = Array(100).fill('rain').join(' ')
      const examples = [...dataset.examples, { text: long, pair: 'the cook', label: 'weather' }]
      const trained = await trainer.train({
        model: tinyModel({ pooler: false, layers: 1 }),
        head: null,
        dataset: { ...dataset, examples },
        plan: completePlan({ steps: 3, accumulation: 3, batch: 8 }),
      })
      assert.equal(trained.steps, 3)
    })

    it('stops within a step when the signal aborts, and trains again after', async () => {
      const controller = new AbortController()
      const seen: TrainingProgress[] = []
      const training = trainer.train({
        model,
        head: null,
        dataset,
        plan: ENDLESS,
        signal: controller.signal,
        onProgress: (progress) => {
          seen.push(progress)
          controller.abort()
        },
      })
      await assert.rejects(training, (error) => isColdmeshError(error, 'aborted'))
      assert.ok(seen.length >= 1)
      await trainer.train({ model, head: null, dataset, plan: completePlan({ steps: 1 }) })
    })

    it('does not start for a signal that is already aborted', async () => {
      const training = trainer.train({ model, head: null, dataset, plan: ENDLESS, signal: AbortSignal.abort() })
      await assert.rejects(training, (error) => isColdmeshError(error, 'aborted'))
    })

    it('passes on what onProgress throws', async () => {
      const onProgress = () => {
        throw new RangeError('full')
      }
      await assert.rejects(trainer.train({ model, head: null, dataset, plan: ENDLESS, onProgress }), RangeError)
    })

    const rejected = [
      ['unsupported', { ...model, config: { ...model.config, model_type: 'gpt2' } }, /gpt2/],
      ['unsupported', { ...model, config: { ...model.config, hidden_act: 'silu' } }, /hidden_act/],
      ['bad-model', { ...model, body: model.body.slice(1) }, /word_embeddings/],
      ['bad-model', { ...model, tokenizer: {} }, /tokenizer/],
    ] as const
    for (const [code, bad, pattern] of rejected) {
      it(`rejects with ${code} a model that says ${pattern.source}`, async () => {
        await assert.rejects(
          trainer.train({ model: bad, head: null, dataset, plan }),
          (error) => isColdmeshError(error, code) && pattern.test(error.message),
        )
      })
    }

    it('rejects a dataset of one label and a label that the head lacks', async () => {
      const examples = dataset.examples.filter(({ label }) => label === 'music')
      const isBadDataset = (error: unknown) => isColdmeshError(error, 'bad-dataset')
      const one = { name: 'one', labels: ['music'], examples }
      await assert.rejects(trainer.train({ model, head: null, dataset: one, plan }), isBadDataset)
      const strange = [{ text: 'a', label: 'strange' }]
      const { head } = result
      await assert.rejects(trainer.evaluate({ model, head, examples: strange, maxTokens: 8 }), isBadDataset)
    })

    it('says that training diverged when the loss is not a number', async () => {
      const body = model.body.map((weights, index) =>
        index === 0 ? { ...weights, data: weights.data.map(() => NaN) } : weights,
      )
      await assert.rejects(
        trainer.train({ model: { ...model, body }, head: null, dataset, plan }),
        (error) => isColdmeshError(error, 'bad-input') && error.message.includes('diverged'),
      )
    })
  })

  describe(`createTrainer with ${engine}, stopped`, () => {
    it('ends a training under way and takes no more; stopping again does nothing', async () => {
      const trainer = await createTrainer({ engine, threads: 1 })
      const request = { model: tinyModel(), head: null, dataset: sentenceDataset(), plan: ENDLESS }
      const { promise: begun, resolve: onProgress } = Promise.withResolvers<TrainingProgress>()
      const training = trainer.train({ ...request, onProgress })
      const queued = trainer.train(request)
      const isAborted = (error: unknown) => isColdmeshError(error, 'aborted')
      const rejections = Promise.all([assert.rejects(training, isAborted), assert.rejects(queued, isAborted)])
      await begun
      await trainer.stop()
      await rejections
      await trainer.stop()
      await assert.rejects(trainer.train(request), isAborted)
    })
  })
}

describe('createTrainer with a bad number of threads', () => {
  for (const threads of [0, 1.5, Number.NaN, 1e9]) {
    it(`rejects ${threads}`, async () => {
      await assert.rejects(createTrainer({ threads }), (error) => isColdmeshError(error, 'bad-input'))
    })
  }
})
