import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isColdmeshError } from '../../../../src/ports/errors.ts'
import { completePlan, DEFAULT_PLAN } from '../../../../src/training/plan.ts'

describe('completePlan', () => {
  it('fills in the defaults, which are themselves valid', () => {
    assert.deepEqual(completePlan({}), DEFAULT_PLAN)
    assert.deepEqual(completePlan(DEFAULT_PLAN), DEFAULT_PLAN)
    assert.deepEqual(completePlan({ steps: 7, dropout: 0 }), { ...DEFAULT_PLAN, steps: 7, dropout: 0 })
  })

  const bad: Record<string, unknown>[] = [
    { learningRate: 0 },
    { learningRate: Number.NaN },
    { steps: 1.5 },
    { steps: 0 },
    { batch: '32' },
    { warmup: 1.01 },
    { dropout: 1 },
    { validationFraction: 0 },
    { maxTokens: 3 },
    { mode: 'half' },
    { optimizer: 'sgd' },
    { seed: -1 },
    { speed: 1 },
    { constructor: 1 },
  ]
  for (const setting of bad) {
    it(`rejects ${JSON.stringify(setting)}`, () => {
      const [name = ''] = Object.keys(setting)
      assert.throws(
        () => completePlan(setting),
        (error) => isColdmeshError(error, 'bad-input') && error.message.includes(name) && error.hint !== undefined,
      )
    })
  }
})
