import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAudit } from '../../support/e2e/chaos/audit.ts'
import { samplePoints } from '../../support/e2e/chaos/points.ts'
import type { Daemon, DaemonEvent } from '../../support/e2e/daemon.ts'

/** A daemon that has said this, and ended. */
function said(name: string, events: readonly DaemonEvent[]): Daemon {
  const nothing = async () => {
    throw new Error('it is no real daemon')
  }
  return {
    name,
    dataDir: '',
    events,
    output: [],
    ended: Promise.resolve({ code: 0, signal: null }),
    event: async (fits, what) => {
      const found = events.find(fits)
      if (!found) throw new Error(`${name} never said ${what}`)
      return found
    },
    status: nothing,
    ask: nothing,
    kill: () => {},
    stop: async () => {},
  }
}

const fused = (round: number, base: string, inputs: readonly string[] = []) => ({ event: 'fused', round, base, inputs })
const announced = (round: number, id: string) => ({ event: 'announced', round, id })

function auditOf(...all: readonly (readonly DaemonEvent[])[]) {
  const audit = createAudit()
  for (const [i, events] of all.entries()) audit.watch(said(`daemon ${i}`, events))
  return audit
}

// What stands behind the faults 24, 25, 47, 77, 78, 86 and 87: a check that lets everything pass would prove nothing.
describe('the audit of a network', () => {
  it('takes one base a round, and rounds that a daemon missed', () => {
    auditOf([fused(1, 'a'), fused(2, 'b')], [fused(1, 'a'), { event: 'synced', round: 2, base: 'b' }], []).check()
  })

  it('sees two bases of one round, between daemons and between two starts of one', () => {
    assert.throws(() => auditOf([fused(1, 'a')], [fused(1, 'b')]).check(), /one base of each round/)
    assert.throws(() => auditOf([fused(1, 'a')], [{ event: 'synced', round: 1, base: 'b' }]).check(), /one base/)
  })

  it('sees a daemon go back, somebody accused, and somebody silenced', () => {
    assert.throws(() => auditOf([fused(2, 'b'), fused(1, 'a')]).check(), /never goes back/)
    for (const event of ['evidence', 'muted']) assert.throws(() => auditOf([{ event }]).check(), /accuses nobody/)
  })

  it('waits for a round above the one given, of everybody', async () => {
    const audit = createAudit()
    const [ahead, behind] = [said('ada', [fused(1, 'a'), fused(2, 'b')]), said('ben', [fused(1, 'a')])]
    assert.equal(await audit.agree([ahead], 1, 'round 2'), 2)
    await assert.rejects(audit.agree([ahead, behind], 1, 'round 2'), /ben never said round 2/)
  })

  it('counts what was announced, and finds what is in no base and has no reason', () => {
    const rounds = [fused(1, 'a', ['x']), fused(2, 'b'), fused(3, 'c')]
    const outcome = { event: 'outcome', id: 'y', included: false, reason: 'not listed in time by enough members' }
    const whole = auditOf([announced(1, 'x'), announced(2, 'y'), announced(3, 'z'), ...rounds, outcome])
    assert.deepEqual(whole.lost(), [])
    assert.deepEqual(whole.contributions, { announced: 3, included: 1 })
    assert.deepEqual(auditOf([announced(1, 'x'), announced(2, 'y'), ...rounds]).lost(), ['y'])
  })
})

describe('samplePoints', () => {
  const trace = Array.from({ length: 100 }, (_, i) => `step ${i}`)

  it('is every step, a range of them, or so many spread over all, one in the middle of a record', () => {
    assert.equal(samplePoints(trace, 'all').length, 100)
    assert.deepEqual(samplePoints(trace, '7-9'), [{ step: 7 }, { step: 8 }, { step: 9 }])
    assert.deepEqual(samplePoints(trace, '3'), [
      { label: 'journal write', nth: 2, torn: true },
      { step: 26 },
      { step: 76 },
    ])
  })
})
