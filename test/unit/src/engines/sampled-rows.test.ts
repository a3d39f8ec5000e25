import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createTrainer } from '../../../../src/engines/trainer.ts'
import { completePlan } from '../../../../src/training/plan.ts'
import { sentenceDataset, tinyModel } from '../../../support/training/tiny.ts'

const ROWS = 6_000
const trainer = await createTrainer({ engine: 'onnx', threads: 1 })
after(() => trainer.stop())

const { examples: few, ...about } = sentenceDataset()
const examples = Array.from({ length: ROWS }, (_, row) => {
  const { text = '', label = '' } = few[row % few.length] ?? {}
  return { text: `${text} ${row}`, label }
})

async function rowsOf(changes: Parameters<typeof completePlan>[0]) {
  const plan = completePlan({ batch: 32, evaluateEvery: 0, maxTokens: 16, mode: 'frozen', ...changes })
  const { rows, validation } = await trainer.train({
    model: tinyModel({ dropout: 0 }),
    head: null,
    dataset: { ...about, examples },
    plan,
  })
  return [rows, validation.rows]
}

describe('a dataset of many more rows than the steps can use', () => {
  it('is sampled: enough for the steps, and at least 2,000 rows', async () => {
    assert.deepEqual(await rowsOf({ steps: 10 }), [1_800, 200])
    // 80 steps of 32 rows, and a tenth held out.
    const [training = 0, held = 0] = await rowsOf({ steps: 80 })
    assert.equal(training + held, Math.ceil(2_560 / 0.9))
    assert.ok(training >= 2_560 - 1, `${training}`)
  })

  it('is taken whole where the steps use half of it, and with passes or a time', async () => {
    assert.deepEqual(await rowsOf({ steps: 100 }), [5_400, 600])
    assert.deepEqual(await rowsOf({ steps: 5, maxSeconds: 100 }), [5_400, 600])
    assert.deepEqual(await rowsOf({ epochs: 1, evaluateEvery: 0 }), [5_400, 600])
  })
})
