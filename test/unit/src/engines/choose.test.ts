import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openOnnxEngine } from '../../../../src/adapters/onnx/index.ts'
import { openTfjsEngine } from '../../../../src/adapters/tfjs/index.ts'
import { ENGINE_NAMES, ENGINE_PACKAGES } from '../../../../src/engines/names.ts'
import { checkEngine, checkLosses, EXPECTED_LOSSES } from '../../../../src/engines/self-check.ts'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import type { Engine } from '../../../../src/training/engine.ts'

const order: readonly string[] = ENGINE_NAMES
const onnx = () => openOnnxEngine({ threads: 1 })

describe('createTrainer choosing its engine', () => {
  it('takes with auto the first that works, and says why it passed over faster ones', async () => {
    const trainer = await createTrainer()
    const { name, device, passedOver = [] } = trainer
    await trainer.stop()
    const place = order.indexOf(name)
    // ONNX Runtime is in every install for development: nothing slower is taken.
    assert.ok(place >= 0 && place <= order.indexOf('onnx'), name)
    assert.ok(device.length > 0 && device.length <= 64)
    for (const { engine, reason } of passedOver) {
      assert.ok(order.indexOf(engine) < place, engine)
      assert.ok(reason.length > 0)
    }
  })

  it('takes the one it is told to', async () => {
    const trainer = await createTrainer({ engine: 'tfjs-wasm' })
    await trainer.stop()
    assert.deepEqual([trainer.name, trainer.device, trainer.passedOver], ['tfjs-wasm', 'cpu', []])
  })

  for (const engine of ['tfjs-node', 'tfjs-node-gpu'] as const) {
    it(`says how to install ${engine}, which is not here`, async () => {
      await assert.rejects(
        createTrainer({ engine }),
        (error) =>
          isColdmeshError(error, 'unsupported') &&
          error.message.includes(engine) &&
          error.hint?.includes(`npm install ${ENGINE_PACKAGES[engine][0]}@`) === true,
      )
    })
  }

  it('rejects a name that no engine has', async () => {
    const options = JSON.parse('{ "engine": "cuda" }')
    await assert.rejects(
      createTrainer(options),
      (error) => isColdmeshError(error, 'bad-input') && error.hint?.includes('tfjs-wasm') === true,
    )
  })
})

describe('the self-check of an engine', () => {
  it('expects what ONNX Runtime and TensorFlow.js compute', async () => {
    for (const engine of [await onnx(), await openTfjsEngine({ backend: 'wasm', allowSoftware: false })]) {
      const losses = await checkLosses(engine)
      assert.equal(losses.length, EXPECTED_LOSSES.length)
      for (const [step, loss] of losses.entries()) {
        assert.ok(Math.abs(loss - (EXPECTED_LOSSES[step] ?? 0)) < 1e-4, `${engine.name}: ${losses}`)
      }
      await checkEngine(engine)
    }
  })

  const faults: readonly [string, (engine: Engine) => Engine][] = [
    ['learns nothing', (engine) => withLearner(engine, (learner) => ({ ...learner, step: () => {} }))],
    [
      'takes steps that are too large',
      (engine) =>
        withLearner(engine, (learner) => ({
          ...learner,
          step: ({ body, head }) => learner.step({ body: body * 1.3, head: head * 1.3 }),
        })),
    ],
    [
      'loses its numbers',
      (engine) => withLearner(engine, (learner) => ({ ...learner, learn: async () => Number.NaN })),
    ],
  ]
  for (const [fault, spoil] of faults) {
    it(`refuses one that ${fault}`, async () => {
      await assert.rejects(
        checkEngine(spoil(await onnx())),
        (error) => isColdmeshError(error, 'unsupported') && error.message.includes('wrong numbers'),
      )
    })
  }
})

type Learner = Awaited<ReturnType<Engine['createLearner']>>

function withLearner(engine: Engine, change: (learner: Learner) => Learner): Engine {
  return { ...engine, createLearner: async (options) => change(await engine.createLearner(options)) }
}
