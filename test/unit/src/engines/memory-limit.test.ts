import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openOnnxEngine } from '../../../../src/adapters/onnx/index.ts'
import { planFor } from '../../../../src/engines/plan-for.ts'
import { runTrain } from '../../../../src/engines/tasks.ts'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const model = tinyModel()
const dataset = sentenceDataset()

describe('runTrain', async () => {
  const engine = await openOnnxEngine({ threads: 1 })
  const train = (availableBytes: number) =>
    runTrain(
      { model, head: null, dataset, plan: completePlan({ steps: 1, evaluateEvery: 0 }) },
      {
        ...{ engine, now: () => 0, checkAborted: () => {}, onProgress: () => {}, onSnapshot: () => {} },
        ...{ availableMemory: () => availableBytes, peakMemory: () => 123 },
      },
    )

  it('refuses before it starts what the memory does not hold', async () => {
    await assert.rejects(
      train(50e6),
      (error) => isColdmeshError(error, 'refused') && /needs about 0.2 GB of memory, and 0.1 GB/.test(error.message),
    )
  })

  it('trains where it does, and says how much memory there was at most', async () => {
    assert.equal((await train(1e9)).peakMemoryBytes, 123)
  })
})

describe('planFor', () => {
  it('chooses by the rows, their lengths and the model, the same each time', async () => {
    const chosen = await planFor({ model, dataset, recipe: 'auto', changes: { seed: 4 } })
    assert.deepEqual([chosen.recipe, chosen.rows, chosen.plan.seed], ['small', 240, 4])
    assert.deepEqual([chosen.plan.maxTokens, chosen.plan.steps, chosen.plan.batch], [16, 50, 32])
    assert.deepEqual(await planFor({ model, dataset, recipe: 'auto', changes: { seed: 4 } }), chosen)
  })

  it('does without lengths and memory for a model that only another program trains', async () => {
    const other = { ...model, config: { model_type: 't5' } }
    const { plan, truncated } = await planFor({ model: other, dataset, recipe: 'paper' })
    assert.deepEqual([plan.maxTokens, plan.batch * plan.accumulation, truncated], [64, 256, null])
  })
})
