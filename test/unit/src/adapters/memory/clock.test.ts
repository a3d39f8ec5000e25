import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeClock } from '../../../../../src/adapters/memory/clock.ts'

describe('fakeClock', () => {
  it('stands still until moved', async () => {
    const clock = fakeClock({ startMs: 5 })
    assert.equal(clock.now(), 5)
    await clock.advance(10)
    assert.equal(clock.now(), 15)
    assert.equal(clock.wall(), 1_700_000_000_010)
  })

  it('calls timers in order of time, then of setting, at their time', async () => {
    const clock = fakeClock()
    const calls: [string, number][] = []
    const note = (name: string) => () => void calls.push([name, clock.now()])
    clock.after(20, note('c'))
    clock.after(10, note('a'))
    clock.after(10, note('b'))
    clock.after(31, note('late'))
    await clock.advance(30)
    assert.deepEqual(calls, [
      ['a', 10],
      ['b', 10],
      ['c', 20],
    ])
    assert.equal(clock.pending, 1)
  })

  it('fires what a callback or a promise behind it sets, if due', async () => {
    const clock = fakeClock()
    const calls: number[] = []
    clock.after(10, () => {
      void Promise.resolve().then(() => clock.after(5, () => calls.push(clock.now())))
    })
    await clock.advance(20)
    assert.deepEqual(calls, [15])
  })

  it('forgets a cancelled timer', async () => {
    const clock = fakeClock()
    const cancel = clock.after(1, () => assert.fail('cancelled'))
    cancel()
    await clock.advance(10)
    assert.equal(clock.pending, 0)
  })
})
