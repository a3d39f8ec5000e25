import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { createSystemClock, MAX_TIMER_MS } from '../../../../../src/adapters/system/clock.ts'

describe('systemClock', () => {
  // Fault 88.
  it('does not fire a delay longer than a timer holds before its time', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      let fired = 0
      createSystemClock().after(MAX_TIMER_MS + 1000, () => fired++)
      mock.timers.tick(MAX_TIMER_MS)
      assert.equal(fired, 0)
      mock.timers.tick(999)
      assert.equal(fired, 0)
      mock.timers.tick(1)
      assert.equal(fired, 1)
    } finally {
      mock.timers.reset()
    }
  })

  it('does not fire after it was cancelled', () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      let fired = 0
      const cancel = createSystemClock().after(10, () => fired++)
      cancel()
      mock.timers.tick(20)
      assert.equal(fired, 0)
    } finally {
      mock.timers.reset()
    }
  })

  it('refuses a delay that is not a number', () => {
    assert.throws(() => createSystemClock().after(Number.NaN, () => {}), RangeError)
  })

  it('never goes back', () => {
    const clock = createSystemClock()
    const first = clock.now()
    assert.ok(clock.now() >= first)
  })
})
