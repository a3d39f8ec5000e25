import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SINGLE_PHASE, WITHOUT_LOCK } from '../mutants/voting.ts'
import { tryEnds } from './ends.ts'
import { explore } from './explore.ts'
import { openMember } from './member.ts'
import { viewOfPeace } from './peace.ts'
import { createStage, type StageOptions } from './stage.ts'
import { describeTrace, replay } from './trace.ts'
import { createUniverse } from './universe.ts'
import { findStrays } from './walk.ts'

/** The liar's place: who proposes in neither view. Place 1 takes minutes: `npm run sim:model`. */
const LIAR = 2

// S1, S5: every interleaving of four members, one of whom says anything to anybody, in two views.
describe('the small model', () => {
  const exploration = explore(createUniverse(createStage(), LIAR, ['A', 'B']))

  it('has no two certificates, no contradiction of an honest member and no decision for an invalid base', () => {
    assert.equal(exploration.violation, null)
  })

  it('has as many states as the page says', () => {
    assert.deepEqual([exploration.states, exploration.transitions], [710_229, 3_117_517])
  })

  it('contains every walk of members that remember all they heard', () => {
    assert.deepEqual(findStrays(exploration, 40), [])
  })

  // L1: no state from which nothing can be decided any more.
  it('decides from where members stand after two views, once messages flow', () => {
    const { tried, deadEnds } = tryEnds(exploration, 300)
    assert.ok(tried > 15)
    assert.deepEqual(deadEnds, [])
  })
})

// S1, S5, when the first aggregator lies: it proposes two bases, or votes for what it did not propose.
describe('the small model with a lying aggregator', () => {
  const exploration = explore(createUniverse(createStage(), 0))

  it('has no two certificates, no contradiction of an honest member and no decision for an invalid base', () => {
    assert.equal(exploration.violation, null)
    assert.deepEqual([exploration.states, exploration.transitions], [7_089_117, 33_069_955])
  })

  it('contains every walk of members that remember all they heard', () => {
    assert.deepEqual(findStrays(exploration, 40), [])
  })
})

const BROKEN: readonly (readonly [name: string, options: StageOptions, steps: number])[] = [
  ['forgets its lock', { machine: WITHOUT_LOCK }, 9],
  ['takes one phase of votes for final', { machine: SINGLE_PHASE }, 6],
  ['decides with two of four', { quorum: 2 }, 5],
]

// A model that finds nothing in broken machines proves nothing about ours.
describe('the small model of a machine that', () => {
  for (const [name, options, steps] of BROKEN) {
    it(`${name} has a fork, the shortest of ${steps} steps`, () => {
      const universe = createUniverse(createStage(options), LIAR, ['A', 'B'])
      const { violation } = explore(universe)
      assert.ok(violation)
      assert.match(violation.what, /^S1/)
      assert.equal(violation.trace.length, steps, describeTrace(violation))
      // Members that forget nothing go the same way, and a stranger accepts both certificates.
      assert.deepEqual(replay(universe, violation), new Set(['A', 'B']))
    })
  }
})

describe('a walk', () => {
  it('leaves an exploration that stopped early', () => {
    const incomplete = explore(createUniverse(createStage({ quorum: 2 }), LIAR))
    assert.ok(findStrays(incomplete, 20).length > 0)
  })
})

describe('peace', () => {
  const universe = createUniverse(createStage(), LIAR)
  const view = (places: readonly number[]) =>
    viewOfPeace(
      universe,
      places.map((place) => openMember(universe, place)),
    )

  it('decides with three of four and not with two', () => {
    assert.equal(view([0, 1, 3]), 0)
    assert.equal(view([0, 1]), null)
  })
})
