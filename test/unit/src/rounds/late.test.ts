import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NOT_REBASED } from '../../../../src/rounds/collect.ts'
import { createRound } from '../../../../src/rounds/reduce.ts'
import type { Ancestor, Head } from '../../../../src/rounds/state.ts'
import { parentOf, rebasedFrom, toCandidate } from '../../../../src/rounds/views.ts'
import { createSimulation } from '../../../sim/create-simulation.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const LATE = { maxStaleness: 2, historyRounds: 8, keepRounds: 8 }
const baseOf = (round: number) => testCid(`base ${round}`)
const weightsOf = (round: number) => testCid(`weights ${round}`, 'file')

/** Rounds 1, 2, 4 and 5 had inputs, round 3 was empty. */
function afterFive(head: Head): Head {
  const ancestor = (round: number): Ancestor => ({
    round,
    base: baseOf(round),
    weights: weightsOf(round === 3 ? 2 : round),
    inputs: [testCid(`input of ${round}`, 'file')],
    isEmpty: round === 3,
  })
  const history = [5, 4, 3, 2, 1].map(ancestor)
  return { ...head, ...ancestor(5), history }
}

describe('parentOf', () => {
  const { head } = createBench({ round: LATE, head: afterFive }).state
  const staleness = (of: Head, parent: number, round = parent + 1) =>
    parentOf(of, baseOf(parent), round)?.staleness ?? null

  it('counts the rounds with inputs since a base, up to what the network allows', () => {
    assert.deepEqual(
      [5, 4, 3, 2, 1].map((parent) => staleness(head, parent)),
      [0, 1, 2, 2, null],
    )
  })

  it('knows a base by the round that followed it', () => {
    assert.equal(staleness(head, 4, 6), null)
    assert.equal(staleness(head, 4, 4), null)
  })

  it('takes only bases with the same weights where nothing may be late', () => {
    const strict = createBench({ round: { ...LATE, maxStaleness: 0 }, head: afterFive }).state.head
    assert.deepEqual(
      [5, 4, 3].map((parent) => staleness(strict, parent)),
      [0, null, null],
    )
  })

  it('rebases what was trained from other weights, whatever the round', () => {
    const bench = createBench({ round: LATE, head: afterFive })
    const from = (parent: number) => {
      const signed = bench.contribution('a', { round: parent + 1, parent: baseOf(parent) })
      return String(rebasedFrom(head, toCandidate(signed)))
    }
    assert.deepEqual([5, 4, 3, 2].map(from), ['null', ...[4, 2, 2].map((round) => String(weightsOf(round)))])
  })
})

describe('a round that takes late contributions', () => {
  const options = { round: { ...LATE, minContributions: 1 }, head: afterFive }
  const lateFields = { round: 5, parent: baseOf(4) }

  it('accepts, fetches and lists them', () => {
    const bench = createBench(options)
    bench.feed({ type: 'started' })
    const late = bench.contribution('late', lateFields)
    assert.equal(bench.hear(late).verdict, 'accept')
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(bench.sayings('list/1')[0]?.contributions.map(String), [String(late.id)])
  })

  it('prefers an author’s own later one', () => {
    const bench = createBench(options)
    bench.feed({ type: 'started' })
    bench.contribute('a', { ...lateFields, checkpoint: testCid('the late one', 'file') })
    const fresh = bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    assert.deepEqual(bench.sayings('list/1')[0]?.contributions.map(String), [String(fresh.id)])
  })

  it('looks again at what it holds when the base is another, and forgets what was in one', () => {
    const bench = createBench(options)
    const [held, refused, wrong, spent] = ['held', 'refused', 'wrong', 'spent'].map((name) => bench.contribute(name))
    assert.ok(held && refused && wrong && spent)
    const manual = createBench({ ...options, manual: ['fetch-checkpoint'] })
    for (const signed of [held, refused, wrong, spent]) manual.hear(signed)
    manual.feed({ type: 'checkpoint', id: held.id, reason: null })
    manual.feed({ type: 'checkpoint', id: refused.id, reason: NOT_REBASED })
    manual.feed({ type: 'checkpoint', id: wrong.id, reason: 'not-finite' })
    manual.feed({ type: 'checkpoint', id: spent.id, reason: null })
    const { head } = manual.state
    const next: Ancestor = {
      round: 6,
      base: baseOf(6),
      weights: weightsOf(6),
      inputs: [spent.message.checkpoint],
      isEmpty: false,
    }
    const after: Head = { ...head, ...next, history: [next, ...head.history] }
    const state = createRound({ head: after, self: null, now: 0, previous: manual.state })
    const states = [held, refused, wrong, spent].map(({ id }) => state.contributions.get(String(id))?.state ?? null)
    assert.deepEqual(states, ['announced', 'announced', 'refused', null])
  })
})

describe('a network that takes late contributions', () => {
  // fault 52: bytes and announcement come at the last moment
  it('has what came too late for one base in the next, by itself, and everybody the same', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const round = { ...LATE, minContributions: 1, graceMs: 0, collectMs: 1000, maxViews: 8 }
      const simulation = createSimulation({ seed, rounds: 2, round, syncMs: 500 })
      simulation.contribute('early')
      // Some members hear of it before their lists, some after.
      simulation.after(985, () => simulation.contribute('late'))
      simulation.start()
      assert.ok(
        simulation.run(120_000, () => simulation.isDecided(1)),
        simulation.describe(),
      )
      const inFirst = simulation.hosts[0]?.disk.head.inputs.length ?? 0
      // So that the second round has an input even if the first had both.
      simulation.contribute('other', { fields: { round: 1, checkpoint: testCid('another', 'file') } })
      assert.ok(
        simulation.run(120_000, () => simulation.isDecided(2)),
        simulation.describe(),
      )
      assert.deepEqual(simulation.violations, [], `seed ${seed}`)
      const heads = simulation.hosts.map(({ disk }) => disk.head)
      assert.equal(new Set(heads.map(({ base }) => String(base))).size, 1)
      const fused = heads[0]?.history.flatMap(({ inputs }) => inputs).map(String) ?? []
      assert.ok(fused.includes(String(testCid('checkpoint of late', 'file'))), `seed ${seed}: ${inFirst} first`)
      assert.equal(new Set(fused).size, fused.length, 'nothing is fused twice')
    }
  })
})
