import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMaskedLanguageTrainer } from '../../../../../src/adapters/onnx/index.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { createBody } from '../../../../../src/training/initial-weights.ts'
import { maskTokens } from '../../../../../src/training/masking.ts'
import { createRandom } from '../../../../../src/training/random.ts'
import { tinyModel } from '../../../../support/training/tiny.ts'

const { config } = tinyModel()
const VOCABULARY = 30
const plan = {
  learningRate: 5e-3,
  weightDecay: 0.01,
  warmup: 0.1,
  steps: 120,
  accumulation: 1,
  clipNorm: 1,
  dropout: 0,
  seed: 1,
}

function open(seed = 1) {
  const body = createBody(config, { seed, pooler: true })
  return createMaskedLanguageTrainer({ model: { config, body }, batch: 8, length: 16, plan })
}

/** Rows of one token repeated: what is masked is what the others are. */
function repeatingBatch(random: ReturnType<typeof createRandom>, rows: number, length: number) {
  const tokens = new Int32Array(rows * length)
  for (let row = 0; row < rows; row++) {
    const token = 5 + random.below(VOCABULARY - 5)
    for (let place = 0; place < length; place++) tokens[row * length + place] = token
  }
  const options = { random, maskId: 4, vocabSize: VOCABULARY, specialIds: new Set<number>(), maxTargets: 16 }
  return maskTokens(tokens, options)
}

describe('createMaskedLanguageTrainer', () => {
  it('learns, on batches of several lengths, and leaves the pooler as it is', async () => {
    const trainer = await open()
    const before = trainer.body()
    const random = createRandom(1, 'test')
    const losses: number[] = []
    for (let step = 0; step < plan.steps; step++) {
      const [rows, length] = step % 2 === 0 ? [8, 16] : [16, 8]
      const { loss } = await trainer.step({ ...repeatingBatch(random, rows, length), length })
      losses.push(loss)
    }
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    assert.ok(mean(losses.slice(-20)) < mean(losses.slice(0, 20)) * 0.8, `${losses}`)
    for (const [index, { name, data }] of trainer.body().entries()) {
      const isSame = data.every((value, place) => value === before[index]?.data[place])
      assert.equal(isSame, name.startsWith('pooler.'), name)
    }
    await trainer.release()
  })

  it('gives the same weights for the same seed, and goes on with given prediction layers', async () => {
    const results = []
    for (let run = 0; run < 2; run++) {
      const trainer = await open()
      const random = createRandom(2, 'test')
      for (let step = 0; step < 3; step++) await trainer.step(repeatingBatch(random, 8, 16))
      results.push([...trainer.body(), ...trainer.predictions()])
      await trainer.release()
    }
    assert.deepEqual(results[0], results[1])
    const [body, predictions] = [results[0]?.slice(0, -5) ?? [], results[0]?.slice(-5) ?? []]
    const resumed = await createMaskedLanguageTrainer({
      model: { config, body },
      predictions,
      batch: 8,
      length: 16,
      plan,
    })
    assert.deepEqual(resumed.predictions(), predictions)
    await resumed.release()
  })

  it('makes a step after as many batches as the plan accumulates', async () => {
    const body = createBody(config, { seed: 1, pooler: false })
    const accumulating = { ...plan, accumulation: 2 }
    const trainer = await createMaskedLanguageTrainer({
      model: { config, body },
      batch: 8,
      length: 16,
      plan: accumulating,
    })
    const random = createRandom(1, 'test')
    const steps = []
    for (let batch = 0; batch < 4; batch++) steps.push((await trainer.step(repeatingBatch(random, 8, 16))).step)
    assert.deepEqual(steps, [0, 1, 1, 2])
    await trainer.release()
  })

  it('rejects batches that do not fit, unknown ids and too many targets', async () => {
    const trainer = await open()
    const good = repeatingBatch(createRandom(1, 'test'), 8, 16)
    const bad = [
      { ...good, ids: good.ids.subarray(1) },
      { ...good, length: 7 },
      { ...good, ids: good.ids.map(() => 1_000) },
      { ...good, ids: good.ids.map(() => -1) },
      { ...good, targets: good.targets.map(() => 5) },
    ]
    for (const batch of bad) await assert.rejects(trainer.step(batch), (error) => isColdmeshError(error, 'bad-input'))
    await trainer.step(good)
    await trainer.release()
  })
})
