import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openOnnxWebGpuEngine } from '../../../src/adapters/onnx/index.ts'
import { createTrainer } from '../../../src/engines/trainer.ts'
import { completePlan } from '../../../src/training/plan.ts'
import { describeEngine } from '../../support/training/compliance.ts'
import { sentenceDataset, tinyModel } from '../../support/training/tiny.ts'

// ONNX Runtime's WebGPU provider on the software adapter that check.sh puts before it. The runtime doesn't count its tensors on the GPU.

/** For as long as the file runs: what is compiled for one learner is there for the next, and for those of a worker. */
const compiled = await openOnnxWebGpuEngine()
after(() => compiled.close())

describeEngine('onnx-webgpu', async () => ({
  engine: await openOnnxWebGpuEngine(),
  liveTensors: null,
  isSlow: !process.env['WEBGPU_WHOLE'],
}))

describe('the trainer on onnx-webgpu', () => {
  it('checks itself, trains in its worker, and ends', async () => {
    const trainer = await createTrainer({ engine: 'onnx-webgpu' })
    assert.deepEqual([trainer.name, trainer.device], ['onnx-webgpu', 'webgpu'])
    const examples = sentenceDataset().examples.filter((_, index) => index % 8 === 0)
    const result = await trainer.train({
      model: tinyModel(),
      head: null,
      dataset: { ...sentenceDataset(), examples },
      plan: completePlan({ steps: 2, batch: 4 }),
    })
    await trainer.stop()
    assert.equal(result.steps, 2)
    assert.ok(result.body.every(({ data }) => data.every(Number.isFinite)))
  })
})
