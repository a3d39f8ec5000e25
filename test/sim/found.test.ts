import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readVectors } from '../support/protocols/vectors.ts'
import { type Fixed, scheduleOptionsOf } from './command/options.ts'
import { MUTANTS } from './mutants/all.ts'
import { PROPERTY_NAMES } from './properties/names.ts'
import { runSchedule } from './schedule/run-schedule.ts'

/** A seed with which something was found: a planted bug, or a real one that is mended. */
interface Found {
  readonly name: string
  readonly seed: number
  readonly fixed: Fixed
  /** What it broke; for a bug that is mended, nothing now. */
  readonly breaks: readonly string[]
}

const { found } = readVectors<{ found: Found[] }>('sim/found.v1.json')
const planted = found.filter(({ fixed }) => fixed.mutant !== undefined)
const broken = ({ seed, fixed }: Found, isTraced = false) => {
  const { violations, simulation } = runSchedule(seed, { ...scheduleOptionsOf(fixed), isTraced })
  return { properties: new Set(violations.map(({ property }) => property)), trace: simulation.trace.lines }
}

// A simulator that finds nothing in broken machines proves nothing about ours.
describe('the simulator', () => {
  for (const one of planted) {
    it(`finds ${one.name} with seed ${one.seed}, by ${one.breaks.join(' and ')}`, () => {
      const { properties } = broken(one)
      for (const property of one.breaks)
        assert.ok(
          [...properties].some((name) => name === property),
          [...properties].join(),
        )
    })
  }

  it('finds each planted bug with one seed or more, and by each property one bug or more', () => {
    const names = new Set(planted.map(({ fixed }) => fixed.mutant))
    assert.deepEqual(
      MUTANTS.filter(({ name }) => !names.has(name)).map(({ name }) => name),
      [],
    )
    const properties = new Set(planted.flatMap(({ breaks }) => breaks))
    assert.deepEqual(
      PROPERTY_NAMES.filter((name) => !properties.has(name)),
      [],
    )
  })

  it('holds the real machine to be right where a planted bug showed', () => {
    for (const { seed, fixed } of planted) {
      const { mutant, ...rest } = fixed
      assert.deepEqual([...broken({ name: '', seed, fixed: rest, breaks: [] }).properties], [], `${seed}, ${mutant}`)
    }
  })

  it('finds no more what was mended', () => {
    for (const one of found.filter(({ fixed }) => fixed.mutant === undefined))
      assert.deepEqual([...broken(one).properties], one.breaks, one.name)
  })

  it('tells the same story for the same seed, to the last line', () => {
    const fixed: Fixed = { members: 4 }
    const [one, two, other] = [7, 7, 8].map((seed) => broken({ name: '', seed, fixed, breaks: [] }, true).trace)
    assert.ok(one && one.length > 50)
    assert.deepEqual(one, two)
    assert.notDeepEqual(one, other)
  })
})
