import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as tf from '@tensorflow/tfjs-core'
import { openTfjsEngine } from '../../../src/adapters/tfjs/index.ts'
import { createTrainer } from '../../../src/engines/trainer.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { describeEngine } from '../../support/training/compliance.ts'
import { sentenceDataset, tinyModel } from '../../support/training/tiny.ts'

// The WebGPU engine on a software adapter, which check.sh puts before it: slow, and exactly as a GPU's driver to everything above it.

const isWhole = Boolean(process.env['WEBGPU_WHOLE'])
/** Products by tiles of 16 x 8. By themselves small ones take programs whose hundreds of threads wait for each other: several times slower in software. */
const SMALL_OUTPUT_PROGRAM = 2

describeEngine('tfjs-webgpu', async () => {
  const engine = await openTfjsEngine({ backend: 'webgpu', allowSoftware: true })
  if (!isWhole) tf.env().set('WEBGPU_MATMUL_PROGRAM_TYPE', SMALL_OUTPUT_PROGRAM)
  return { engine, liveTensors: () => tf.memory().numTensors, isSlow: !isWhole }
})

describe('the WebGPU engine', () => {
  it('is a software adapter here, which is refused where a GPU is wanted', async () => {
    await assert.rejects(
      openTfjsEngine({ backend: 'webgpu', allowSoftware: false }),
      (error) => isColdmeshError(error, 'unsupported') && /only .*SwiftShader/.test(error.message),
    )
  })

  it('is not what auto takes, and trains when it is asked for by name', async () => {
    const chosen = await createTrainer()
    await chosen.stop()
    assert.equal(chosen.name, 'onnx')
    const trainer = await createTrainer({ engine: 'tfjs-webgpu' })
    assert.match(trainer.device, /^cpu: .*SwiftShader/)
    const plan = completePlan({ steps: 2, batch: 4 })
    const examples = sentenceDataset().examples.filter((_, index) => index % 8 === 0)
    const result = await trainer.train({
      model: tinyModel(),
      head: null,
      dataset: { ...sentenceDataset(), examples },
      plan,
    })
    await trainer.stop()
    assert.equal(result.steps, 2)
    assert.ok(result.body.every(({ data }) => data.every(Number.isFinite)))
  })
})
