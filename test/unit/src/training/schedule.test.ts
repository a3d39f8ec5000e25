import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rateFactor } from '../../../../src/training/schedule.ts'

describe('rateFactor', () => {
  it('grows linearly to one, then falls linearly to zero after the last step', () => {
    const factors = Array.from({ length: 11 }, (_, step) => rateFactor({ steps: 10, warmup: 0.4 }, step))
    const expected = [1 / 4, 2 / 4, 3 / 4, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]
    for (const [step, factor] of factors.entries()) assert.ok(Math.abs(factor - (expected[step] ?? 0)) < 1e-12)
  })

  it('starts at one without warm-up and ends at one with nothing else', () => {
    assert.equal(rateFactor({ steps: 10, warmup: 0 }, 0), 1)
    assert.equal(rateFactor({ steps: 10, warmup: 1 }, 9), 1)
    assert.equal(rateFactor({ steps: 1, warmup: 0.1 }, 0), 1)
  })
})
