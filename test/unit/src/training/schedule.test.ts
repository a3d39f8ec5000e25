import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rateFactor } from '../../../../src/training/schedule.ts'

describe('rateFactor', () => {
  it('grows linearly to one, then falls linearly to zero after the last step', () => {
    const factors = Array.from({ length: 11 }, (_, step) =>
      rateFactor({ steps: 10, warmup: 0.4, schedule: 'linear' }, step),
    )
    const expected = [1 / 4, 2 / 4, 3 / 4, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0]
    for (const [step, factor] of factors.entries()) assert.ok(Math.abs(factor - (expected[step] ?? 0)) < 1e-12)
  })

  it('starts at one without warm-up and ends at one with nothing else', () => {
    assert.equal(rateFactor({ steps: 10, warmup: 0, schedule: 'linear' }, 0), 1)
    assert.equal(rateFactor({ steps: 10, warmup: 1, schedule: 'linear' }, 9), 1)
    assert.equal(rateFactor({ steps: 1, warmup: 0.1, schedule: 'linear' }, 0), 1)
  })
})

describe('schedules', () => {
  const plan = { steps: 2_000, warmup: 0.01 }

  it('stays at one when it is constant', () => {
    assert.equal(rateFactor({ ...plan, schedule: 'constant' }, 1_999), 1)
    assert.equal(rateFactor({ ...plan, schedule: 'constant' }, 9), 10 / 20)
  })

  it("falls by 0.0006 a step with the paper's, however many steps there are, and is zero after 1,667", () => {
    const factor = (step: number) => rateFactor({ steps: 9_999, warmup: 0, schedule: 'paper' }, step)
    assert.ok(Math.abs(factor(0) - 1) < 1e-12 && Math.abs(factor(1_000) - 0.4) < 1e-12)
    assert.ok(factor(1_666) > 0 && factor(1_667) === 0)
  })
})
