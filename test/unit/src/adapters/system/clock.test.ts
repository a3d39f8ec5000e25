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

  // fault 86: an hour forth and back, the last second of a 32-bit time, and a summer night in which clocks go back.
  for (const time of ['+1h', '-1h', '2038-01-19T03:14:08Z', '2026-10-25T01:00:00Z']) {
    it(`measures and waits alike when the wall clock jumps to ${time}`, async (t) => {
      const clock = createSystemClock()
      const [now, wall] = [clock.now(), clock.wall()]
      const hours = { '+1h': 1, '-1h': -1 }[time]
      const jumped = hours === undefined ? Date.parse(time) : wall + hours * 3_600_000
      const fired = new Promise<void>((resolve) => clock.after(5, resolve))
      t.mock.method(Date, 'now', () => jumped)
      await fired
      assert.equal(clock.wall(), jumped)
      const passed = clock.now() - now
      assert.ok(passed >= 4 && passed < 60_000, `${passed} ms have gone by`)
    })
  }

  it('never goes back', () => {
    const clock = createSystemClock()
    const first = clock.now()
    assert.ok(clock.now() >= first)
  })
})
