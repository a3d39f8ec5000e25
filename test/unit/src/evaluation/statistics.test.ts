import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { meanAndError, meanOverTasks } from '../../../../src/evaluation/statistics.ts'

describe('meanAndError', () => {
  it('divides by n - 1, and then by the root of n', () => {
    // Deviations -1, 0, 1: variance 1; standard error 1 / sqrt(3).
    const { mean, standardError } = meanAndError([4, 5, 6])
    assert.equal(mean, 5)
    assert.ok(Math.abs(standardError - 1 / Math.sqrt(3)) < 1e-15)
  })

  it('has no error for one value', () => assert.deepEqual(meanAndError([0.7]), { mean: 0.7, standardError: 0 }))

  it('has no mean of nothing', () => assert.throws(() => meanAndError([]), RangeError))
})

describe('meanOverTasks', () => {
  it('averages tasks seed by seed, so that what differs between tasks is no error', () => {
    const { mean, standardError } = meanOverTasks([
      [0.2, 0.3],
      [0.8, 0.7],
    ])
    assert.ok(Math.abs(mean - 0.5) < 1e-15 && standardError < 1e-15)
  })

  it('refuses tasks of different numbers of seeds', () => {
    assert.throws(() => meanOverTasks([[0.1], [0.1, 0.2]]), RangeError)
    assert.throws(() => meanOverTasks([]), RangeError)
  })
})
