import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWatchdog } from '../../../../../src/adapters/libp2p/watchdog.ts'
import { fakeClock } from '../../../../../src/adapters/memory/clock.ts'
import type { ColdmeshError } from '../../../../../src/ports/errors.ts'

function watched() {
  const clock = fakeClock()
  const bites: ColdmeshError[] = []
  let moved = 0
  const watchdog = createWatchdog({
    clock,
    idleMs: 1000,
    minBytesPerSecond: 100,
    graceMs: 500,
    movedBytes: () => moved,
    bite: (error) => bites.push(error),
  })
  const receive = (bytes: number): void => {
    moved += bytes
    watchdog.progress()
  }
  return { clock, bites, watchdog, receive }
}

describe('watchdog', () => {
  it('bites after silence', async () => {
    const { clock, bites, watchdog } = watched()
    void watchdog.guard(() => new Promise(() => {}))
    await clock.advance(999)
    assert.equal(bites.length, 0)
    await clock.advance(1)
    assert.deepEqual(bites[0]?.code, 'deadline')
  })

  it('bites a peer that drips, and not before the grace time', async () => {
    const { clock, bites, watchdog, receive } = watched()
    void watchdog.guard(() => new Promise(() => {}))
    for (let i = 0; i < 4; i++) {
      receive(1)
      await clock.advance(100)
    }
    assert.equal(bites.length, 0)
    receive(1)
    await clock.advance(100)
    assert.equal(bites.length, 1)
  })

  it('lets a peer think before its first byte, up to the silence allowed', async () => {
    const { clock, bites, watchdog, receive } = watched()
    const { promise, resolve } = Promise.withResolvers<void>()
    const guarded = watchdog.guard(() => promise)
    await clock.advance(900)
    receive(1000)
    await clock.advance(900)
    receive(1000)
    resolve()
    await guarded
    assert.equal(bites.length, 0)
  })

  it('does not watch between two waits: a slow consumer of ours is not the fault of the peer', async () => {
    const { clock, bites, watchdog } = watched()
    await watchdog.guard(async () => {})
    await clock.advance(100_000)
    assert.equal(bites.length, 0)
    assert.equal(clock.pending, 0)
  })
})
