import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SINGLE_PHASE, WITHOUT_JOURNAL, WITHOUT_LOCK } from '../../../support/rounds/broken.ts'
import { cunningLiar, equivocatingLiar, silentLiar } from '../../../support/rounds/liars.ts'
import { runSchedule, type ScheduleOptions } from '../../../support/rounds/schedule.ts'
import { createSimulation } from '../../../support/rounds/simulation.ts'

/** The first seed whose schedule breaks an invariant, with what was broken. */
function firstViolation(
  options: ScheduleOptions,
  seeds: number,
): { seed: number; violations: readonly string[] } | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violations } = runSchedule(seed, options)
    if (violations.length > 0) return { seed, violations }
  }
  return null
}

// A simulator that finds nothing in broken machines proves nothing about ours.
describe('the simulator', () => {
  it('finds a fork when nothing is locked', () => {
    const found = firstViolation({ machine: WITHOUT_LOCK, liar: cunningLiar, profile: 'hunt' }, 20)
    assert.match(found?.violations.join() ?? 'nothing', /S1/)
  })

  // protocol.md 4: "a single-phase ... is unsafe with view change"
  it('finds a fork when one phase of votes is final', () => {
    const found = firstViolation({ machine: SINGLE_PHASE, liar: cunningLiar, profile: 'hunt' }, 20)
    assert.match(found?.violations.join() ?? 'nothing', /S1/)
  })

  it('finds a fork when more members lie than the quorum bears', () => {
    const found = firstViolation({ liars: 2, liar: equivocatingLiar, profile: 'hunt' }, 30)
    assert.match(found?.violations.join() ?? 'nothing', /S1/)
  })

  it('finds a fork when two of four are a quorum', () => {
    const simulation = createSimulation({ facts: (facts) => ({ ...facts, quorum: 2 }) })
    simulation.partition([0, 1], [2, 3])
    simulation.start()
    simulation.contribute('left', { announcedTo: [0, 1] })
    simulation.contribute('right', { announcedTo: [2, 3] })
    simulation.run(60_000)
    assert.match(simulation.violations.join(), /S1/)
  })

  it('finds a member that contradicts itself when there is no journal', () => {
    const found = firstViolation({ machine: WITHOUT_JOURNAL, liar: silentLiar }, 20)
    assert.match(found?.violations.join() ?? 'nothing', /S5/)
  })

  it('tells the same story for the same seed', () => {
    const [one, two] = [1, 2].map(() => runSchedule(7).simulation.describe())
    assert.equal(one, two)
    assert.notEqual(one, runSchedule(8).simulation.describe())
  })
})
