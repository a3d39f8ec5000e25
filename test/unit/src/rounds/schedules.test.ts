import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runSchedule, type ScheduleOptions } from '../../../support/rounds/schedule.ts'

/** Runs seeds `from` to `to`; a failure names its seed, which is all that is needed to see it again. */
function mustHold(from: number, to: number, options: ScheduleOptions = {}): void {
  for (let seed = from; seed <= to; seed++) {
    const { violations, isDecided, liar, healedAtMs, simulation } = runSchedule(seed, options)
    const story = `seed ${seed}, liar ${liar}, healed at ${healedAtMs} ms\n${simulation.describe()}`
    assert.deepEqual(violations, [], story)
    assert.ok(isDecided, `not decided: ${story}`)
  }
}

// protocol.md S1, S2, S5, L1, L3
describe('any schedule of delays, losses, doubles, crashes and splits', () => {
  it('with one liar of four never forks, and decides soon after it heals', () => {
    mustHold(1, 140)
  })

  it('with an attacker on the wire who holds back precommits', () => {
    mustHold(1, 40, { profile: 'hunt' })
  })

  it('with two liars of seven', () => {
    mustHold(1, 6, { members: 7 })
  })

  it('without liars, with a crash quorum of three and of five', () => {
    mustHold(1, 15, { members: 3, quorum: 'crash' })
    mustHold(16, 20, { members: 5, quorum: 'crash' })
  })
})
