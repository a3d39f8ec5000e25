import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeepConnected } from '../../../../../src/adapters/libp2p/keep-connected.ts'
import { DEFAULT_REDIAL_LAST_MS } from '../../../../../src/adapters/libp2p/limits.ts'
import { fakeClock } from '../../../../../src/adapters/memory/clock.ts'
import { memoryLog } from '../../../../../src/adapters/memory/log.ts'

/** A world of addresses that are up or down; dialling connects. */
function world(addresses: readonly string[], options: { minConnections?: number } = {}) {
  const clock = fakeClock()
  const log = memoryLog()
  const up = new Set<string>()
  const connected = new Set<string>()
  const dials: { address: string; atMs: number }[] = []
  const keeper = createKeepConnected({
    clock,
    log,
    random: () => 0.5,
    connected: () => connected,
    candidates: async () => addresses.map((address) => ({ address, peer: address })),
    dial: async (address) => {
      dials.push({ address, atMs: clock.now() })
      if (!up.has(address)) throw new Error('nobody there')
      connected.add(address)
      return address
    },
    ...options,
  })
  return { clock, log, up, connected, dials, keeper }
}

describe('keep connected', () => {
  it('dials every known address at the start', async () => {
    const it = world(['a', 'b', 'c'])
    it.up.add('b')
    it.keeper.start()
    await it.clock.advance(0)
    assert.deepEqual(
      it.dials.map(({ address }) => address),
      ['a', 'b', 'c'],
    )
    assert.deepEqual([...it.connected], ['b'])
    await it.keeper.stop()
  })

  it('tries again ever more rarely, and never stops', async () => {
    const it = world(['a'])
    it.keeper.start()
    await it.clock.advance(60 * 60_000)
    const gaps = it.dials.slice(1).map(({ atMs }, i) => atMs - (it.dials[i]?.atMs ?? 0))
    assert.deepEqual(gaps.slice(0, 4), [1000, 2000, 4000, 8000])
    assert.ok(gaps.every((gap) => gap <= DEFAULT_REDIAL_LAST_MS))
    assert.equal(gaps.at(-1), DEFAULT_REDIAL_LAST_MS)
    await it.keeper.stop()
  })

  it('leaves well alone when there are connections enough, and starts over when they go', async () => {
    const it = world(['a', 'b', 'c'], { minConnections: 2 })
    it.up.add('a').add('b')
    it.keeper.start()
    await it.clock.advance(1000 * 60)
    const before = it.dials.length
    await it.clock.advance(1000 * 60 * 60)
    assert.equal(it.dials.length, before)
    it.connected.delete('a')
    it.keeper.wake()
    await it.clock.advance(5000)
    assert.ok(it.connected.has('a'))
    await it.keeper.stop()
  })

  it('does not dial in a circle a peer that takes it in and throws it out', async () => {
    const it = world(['a'])
    it.up.add('a')
    it.keeper.start()
    for (let second = 0; second < 60; second++) {
      await it.clock.advance(1000)
      it.connected.delete('a')
      it.keeper.wake()
    }
    assert.ok(it.dials.length < 10, `${it.dials.length} dials in a minute`)
    await it.keeper.stop()
  })

  it('leaves no timer behind', async () => {
    const it = world(['a'])
    it.keeper.start()
    await it.clock.advance(10_000)
    await it.keeper.stop()
    it.keeper.wake()
    assert.equal(it.clock.pending, 0)
  })
})
