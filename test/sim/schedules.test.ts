import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { describe, it } from 'node:test'
import { runMany } from './command/pool.ts'
import { addTally, createTally, type Tally } from './command/tally.ts'
import { LIARS } from './liars/all.ts'
import { COMMITTEES, PROFILES } from './schedule/settings.ts'

/** How many of each size of committee: large ones take long. 100,000 of all sizes are run by command. */
const SCHEDULES: Readonly<Record<(typeof COMMITTEES)[number], number>> = {
  1: 130,
  2: 130,
  3: 204,
  4: 460,
  7: 60,
  10: 16,
}
const ALL = Object.values(SCHEDULES).reduce((sum, count) => sum + count, 0)

const COMMON = { workers: Math.min(2, availableParallelism()), minutes: null, isTraced: false, isJson: true } as const

async function runAll(): Promise<Tally> {
  const sum = createTally()
  for (const members of COMMITTEES) {
    const { tally } = await runMany(
      {
        schedules: SCHEDULES[members],
        from: 1,
        fixed: { members },
        ...COMMON,
      },
      () => {},
      new AbortController().signal,
    )
    addTally(sum, tally)
  }
  return sum
}

const missing = (names: readonly (string | number)[], counts: Tally['by'][keyof Tally['by']]) =>
  names.filter((name) => (counts[name] ?? 0) === 0)

// protocol.md 7: S1-S8 and L1-L6, faults 24, 25, 52, 77, 78 and 81
describe(`${ALL} schedules of trouble and peace`, () => {
  const outcome = runAll()

  it('break no property', async () => {
    const { schedules, found } = await outcome
    assert.ok(schedules >= 1000)
    const how = found.map(
      ({ seed, about, violations }) => `--seed ${seed} --members ${about.split(' ')[0]} --trace: ${violations[0]}`,
    )
    assert.deepEqual(how, [])
  })

  it('have both quorums, every profile, and every kind of liar', async () => {
    const { quorum, profile, liars } = (await outcome).by
    assert.deepEqual(missing(['byzantine', 'crash'], quorum), [])
    assert.deepEqual(missing(PROFILES, profile), [])
    const names = LIARS.map(({ name }) => name)
    assert.deepEqual(missing(names, liars), [])
  })

  it('roll back, and break nothing', async () => {
    const { tally } = await runMany(
      { schedules: 100, from: 1, fixed: { rollsBack: true, members: 4 }, ...COMMON },
      () => {},
      new AbortController().signal,
    )
    assert.deepEqual(
      tally.found.map(({ seed, violations }) => `--seed ${seed} --members 4 --rollbacks --trace: ${violations[0]}`),
      [],
    )
    assert.ok((tally.by.liars['rolling'] ?? 0) > 0)
  })

  it('certify more rounds than there are schedules', async () => assert.ok((await outcome).rounds > ALL))
})
