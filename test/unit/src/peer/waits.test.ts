import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeClock } from '../../../../src/adapters/memory/clock.ts'
import { memoryLog } from '../../../../src/adapters/memory/log.ts'
import { createEmitter } from '../../../../src/peer/emitter.ts'
import type { PeerEvent } from '../../../../src/peer/types.ts'
import { createWaits } from '../../../../src/peer/waits.ts'

const NOON = Date.UTC(2026, 0, 1, 12)
const SECOND = 1000
const MINUTE = 60 * SECOND

function open() {
  const clock = fakeClock({ wallMs: NOON })
  const log = memoryLog()
  const events = createEmitter<PeerEvent>()
  const told: PeerEvent[] = []
  events.on((event) => told.push(event))
  const lines = (name: string) => log.entries.filter(({ event }) => event === name)
  return { clock, log, told, lines, waits: createWaits({ events, clock, log }) }
}

const BASE = { what: 'base', which: 'of round 3', whom: ['ada'] } as const

describe('waits', () => {
  it('say for what, from whom, since when and until when, in wall-clock time', async () => {
    const { clock, waits } = open()
    await clock.advance(5 * SECOND)
    waits.begin({ ...BASE, until: clock.now() + MINUTE })
    await clock.advance(SECOND)
    const sinceMs = NOON + 5 * SECOND
    assert.deepEqual(waits.current, [{ ...BASE, sinceMs, untilMs: sinceMs + MINUTE, nextMs: null, reason: null }])
  })

  it('say when it is tried again and why the last try failed, until the next begins', async () => {
    const { clock, waits } = open()
    const wait = waits.begin(BASE)
    wait.change({ next: clock.now() + SECOND, reason: 'deadline' })
    const facts = () => waits.current.map(({ nextMs, reason }) => [nextMs, reason])
    assert.deepEqual(facts(), [[NOON + SECOND, 'deadline']])
    wait.change({})
    assert.deepEqual(facts(), [[null, 'deadline']])
  })

  it('ask for the next try whenever somebody looks', async () => {
    const { clock, waits } = open()
    let next = clock.now() + SECOND
    waits.begin({ what: 'peers', which: 'anybody', next: () => next })
    next += SECOND
    assert.equal(waits.current[0]?.nextMs, NOON + 2 * SECOND)
  })

  it('are logged when they begin, and again at growing intervals, with the time that they took', async () => {
    const { clock, waits, lines, told } = open()
    waits.begin(BASE)
    assert.deepEqual(
      lines('waits').map(({ level, fields }) => [level, fields['what'], fields['which'], fields['whom']]),
      [['info', 'base', 'of round 3', ['ada']]],
    )
    await clock.advance(10 * MINUTE)
    assert.deepEqual(
      lines('still-waiting').map(({ fields }) => Number(fields['elapsedMs']) / SECOND),
      [10, 30, 70, 150, 310],
    )
    assert.equal(told.filter(({ type }) => type === 'still-waiting').length, 5)
    assert.ok(
      lines('still-waiting').every(({ level }) => level === 'warn'),
      'shown with the default log level',
    )
  })

  it('are reminded of once an hour at least, however long they last', async () => {
    const { clock, waits, lines } = open()
    waits.begin(BASE)
    await clock.advance(3 * 60 * MINUTE)
    const before = lines('still-waiting').length
    await clock.advance(60 * MINUTE)
    assert.equal(lines('still-waiting').length, before + 1)
  })

  it('end, and then are neither shown nor reminded of; only of what was reminded of is the end told', async () => {
    const { clock, waits, lines, told } = open()
    const short = waits.begin(BASE)
    short.end()
    short.end()
    const long = waits.begin(BASE)
    await clock.advance(11 * SECOND)
    long.end()
    await clock.advance(60 * MINUTE)
    assert.deepEqual(waits.current, [])
    assert.equal(lines('still-waiting').length, 1)
    assert.deepEqual(
      told.map(({ type }) => type),
      ['still-waiting', 'wait-over'],
    )
  })

  it('end with the work that they last as long as, also when it fails', async () => {
    const { waits } = open()
    const value = await waits.during(BASE, async () => {
      assert.equal(waits.current.length, 1)
      return 7
    })
    assert.equal(value, 7)
    await assert.rejects(
      waits.during(BASE, () => Promise.reject(new Error('no'))),
      /no/,
    )
    assert.deepEqual(waits.current, [])
  })

  it('are shown up to a number, the longest first, and reminded of beyond it', async () => {
    const { clock, waits, lines } = open()
    for (let i = 0; i < 200; i++) waits.begin({ what: 'block', which: String(i), isRoutine: true })
    assert.deepEqual([waits.current.length, waits.current[0]?.which], [128, '0'])
    await clock.advance(10 * SECOND)
    assert.equal(lines('still-waiting').length, 200)
  })

  it('that are routine begin without a line of the usual log', () => {
    const { waits, lines } = open()
    waits.begin({ ...BASE, isRoutine: true })
    assert.deepEqual(
      lines('waits').map(({ level }) => level),
      ['debug'],
    )
  })
})
