import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { fuseBodies, trainMultitask, trainOneShot } from '../../../../src/evaluation/baselines.ts'
import { evaluationPlan } from '../../../../src/evaluation/plans.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

describe('baselines', async () => {
  const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
  after(() => trainer.stop())
  const pretrained = tinyModel()
  const dataset = sentenceDataset()
  const plan = { steps: 6 }
  const options = { trainer, pretrained, tasks: [dataset, { ...dataset, name: 'again' }], seed: 4, plan }

  it('one-shot is the mean of what each task alone makes of the pretrained body', async () => {
    const train = async () =>
      (await trainer.train({ model: pretrained, head: null, dataset, plan: evaluationPlan('full', plan, 4) })).body
    const { body } = await trainOneShot({ ...options, tasks: [dataset] })
    assert.deepEqual(body, await train())
    const two = await trainOneShot(options)
    // Both tasks have the same rows and seed: their mean is each of them.
    assert.deepEqual(two.body, body)
  })

  it('fuses tensor by tensor, in the order of the base', async () => {
    const shifted = (by: number) =>
      pretrained.body.map((weights) => ({ ...weights, data: weights.data.map((value) => value + by) }))
    const fused = await fuseBodies(pretrained.body, [shifted(1), shifted(3)], { rule: 'mean/1', params: {} })
    for (const [index, { name, data }] of fused.entries()) {
      const before = pretrained.body[index]
      assert.equal(name, before?.name)
      // f32 rounding of the shifted values.
      assert.ok(
        data.every((value, at) => Math.abs(value - (before?.data[at] ?? 0) - 2) < 1e-6),
        name,
      )
    }
  })

  it('multitask takes as many batches of each task as finetuning on it alone', async () => {
    const steps: number[] = []
    const { body } = await trainMultitask({ ...options, onProgress: (progress) => steps.push(progress.steps) })
    assert.equal(steps.at(-1), 12)
    assert.notDeepEqual(body, pretrained.body)
  })

  it('one-shot refuses a rule that this version does not know', async () => {
    const isUnsupported = (error: unknown) => isColdmeshError(error, 'unsupported')
    await assert.rejects(trainOneShot({ ...options, rule: 'sum/9' }), isUnsupported)
  })
})
