import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openTfjsEngine } from '../../../src/adapters/tfjs/index.ts'
import { createTrainer } from '../../../src/engines/trainer.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { describeEngine } from '../../support/training/compliance.ts'
import { sentenceDataset, tinyModel } from '../../support/training/tiny.ts'

// The engine on TensorFlow's own library, which check.sh builds beside the repository.

const NAME = '@tensorflow/tfjs-node'

describeEngine('tfjs-node', async () => {
  const engine = await openTfjsEngine({ backend: 'node', allowSoftware: false })
  const library: { readonly default: typeof import('@tensorflow/tfjs-core') } = await import(NAME)
  return { engine, liveTensors: () => library.default.memory().numTensors }
})

describe('the engine on libtensorflow', () => {
  it('trains in the worker when it is asked for by name', async () => {
    const trainer = await createTrainer({ engine: 'tfjs-node' })
    const plan = completePlan({ steps: 3, batch: 4 })
    const result = await trainer.train({ model: tinyModel(), head: null, dataset: sentenceDataset(), plan })
    await trainer.stop()
    assert.equal(result.steps, 3)
    assert.ok(result.body.every(({ data }) => data.every(Number.isFinite)))
  })

  it('is not taken for the GPU engine', async () => {
    await assert.rejects(createTrainer({ engine: 'tfjs-node-gpu' }), (error) => isColdmeshError(error, 'unsupported'))
  })
})
