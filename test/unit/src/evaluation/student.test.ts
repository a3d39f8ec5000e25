import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chanceOf } from '../../../../src/evaluation/student.ts'

describe('chanceOf', () => {
  it('is 5 % and 1 % at the values of the tables, to what their three decimals allow', () => {
    const five = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
    const one = [63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25, 3.169]
    for (const [i, t] of five.entries()) assert.ok(Math.abs(chanceOf(t, i + 1) - 0.05) < 5e-5, `${i + 1}`)
    for (const [i, t] of one.entries()) assert.ok(Math.abs(chanceOf(-t, i + 1) - 0.01) < 5e-5, `${i + 1}`)
    assert.ok(Math.abs(chanceOf(1.984, 100) - 0.05) < 1e-4)
  })

  it('is certain at zero, and nothing at infinity', () => {
    for (const degrees of [1, 2, 7])
      assert.deepEqual([chanceOf(0, degrees), chanceOf(Number.POSITIVE_INFINITY, degrees)], [1, 0])
    assert.throws(() => chanceOf(1, 0), RangeError)
  })
})
