import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { runMany } from './command/pool.ts'
import type { Tally } from './command/tally.ts'
import { LIARS } from './liars/all.ts'
import { COMMITTEES, PROFILES } from './schedule/settings.ts'

const SCHEDULES = 1000

/** The first schedules of `npm run sim`; those after them are run by command. */
const outcome = runMany(
  {
    schedules: SCHEDULES,
    from: 1,
    fixed: {},
    workers: Math.min(2, availableParallelism()),
    minutes: null,
    isTraced: false,
    isJson: true,
  },
  () => {},
  new AbortController().signal,
)

const missing = (names: readonly (string | number)[], counts: Tally['by'][keyof Tally['by']]) =>
  names.filter((name) => (counts[name] ?? 0) === 0)

// protocol.md 7: S1-S8 and L1-L6, faults 24, 25, 52, 77 and 78
describe(`${SCHEDULES} schedules of trouble and peace`, () => {
  it('break no property', async () => {
    const { tally } = await outcome
    assert.equal(tally.schedules, SCHEDULES)
    const found = tally.found.map(({ seed, violations }) => `npm run sim -- --seed ${seed} --trace: ${violations[0]}`)
    assert.deepEqual(found, [])
  })

  it('have committees of every size, every profile, and every kind of liar', async () => {
    const { members, quorum, profile, liars } = (await outcome).tally.by
    assert.deepEqual(missing(COMMITTEES, members), [])
    assert.deepEqual(missing(['byzantine', 'crash'], quorum), [])
    assert.deepEqual(missing(PROFILES, profile), [])
    assert.deepEqual(
      missing(
        LIARS.map(({ name }) => name),
        liars,
      ),
      [],
    )
  })

  it('certify more rounds than there are schedules', async () => {
    assert.ok((await outcome).tally.rounds > SCHEDULES)
  })
})
