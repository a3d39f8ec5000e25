import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTimeBudget } from '../../../../src/training/time-budget.ts'

/** Steps of 100 ms after a first one of a second. */
const spentAt = (step: number) => 1_000 + (step - 1) * 100

describe('createTimeBudget', () => {
  it('fixes after a few steps how many fit in the time, and sticks to it', () => {
    const budget = createTimeBudget({ steps: 10_000, maxSeconds: 11 }, null)
    for (let step = 1; step <= 9; step++) {
      assert.equal(budget.fixed, null)
      budget.passed(step, spentAt(step))
    }
    // 9 done after 1.8 s; nine tenths of the other 9.2 s are 82 steps more.
    assert.equal(budget.fixed, 91)
    budget.passed(10, 9_000)
    assert.equal(budget.steps, 91)
    assert.ok(!budget.isOver(10_999) && budget.isOver(11_000))
  })

  it('takes over what was fixed before an interruption', () => {
    const budget = createTimeBudget({ steps: 10_000, maxSeconds: 11 }, 77)
    budget.passed(40, 10)
    assert.deepEqual([budget.steps, budget.fixed], [77, 77])
  })

  it('never has more steps than the plan, and no end by time without one', () => {
    const budget = createTimeBudget({ steps: 20, maxSeconds: 1_000 }, null)
    for (let step = 1; step <= 9; step++) budget.passed(step, spentAt(step))
    assert.equal(budget.steps, 20)
    const endless = createTimeBudget({ steps: 20, maxSeconds: null }, null)
    assert.ok(endless.steps === 20 && !endless.isOver(Number.MAX_VALUE))
  })

  it('ends at once where one step takes longer than the time', () => {
    const budget = createTimeBudget({ steps: 20, maxSeconds: 1 }, null)
    budget.passed(1, 5_000)
    budget.passed(2, 9_000)
    assert.equal(budget.steps, 2)
  })
})
