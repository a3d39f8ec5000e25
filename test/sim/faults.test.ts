import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeWait } from '../../src/rounds/wait.ts'
import { createSimulation, type Simulation, type SimulationOptions } from './create-simulation.ts'
import { LIARS } from './liars/all.ts'
import { runSchedule } from './schedule/run-schedule.ts'
import type { Link } from './wires.ts'

const MINUTE = 60_000

function started(options: SimulationOptions, ...names: readonly string[]): Simulation {
  const simulation = createSimulation(options)
  simulation.start()
  for (const name of names) simulation.contribute(name)
  return simulation
}

function mustDecide(simulation: Simulation, forMs = 5 * MINUTE): void {
  assert.ok(
    simulation.run(forMs, () => simulation.isDecided()),
    simulation.describe(),
  )
  assert.deepEqual(simulation.violations, [])
  assert.ok(simulation.decided())
}

const decided = (simulation: Simulation) => simulation.hosts.map(({ chain }) => chain.length)

describe('a partition', () => {
  // fault 24
  for (const members of [4, 7, 10]) {
    it(`of ${members} in halves certifies nothing, heals into one head`, () => {
      const simulation = createSimulation({ members })
      const half = Math.floor(members / 2)
      const indexes = Array.from({ length: members }, (_, i) => i)
      simulation.wires.partition(indexes.slice(0, half), indexes.slice(half))
      simulation.start()
      for (const name of ['a', 'b']) simulation.contribute(name)
      simulation.run(MINUTE)
      assert.deepEqual(new Set(decided(simulation)), new Set([0]))
      simulation.wires.heal()
      mustDecide(simulation)
    })

    it(`of ${members} leaves the larger part, if it is a quorum, to go on, and the others follow`, () => {
      const simulation = createSimulation({ members })
      const { quorum } = simulation.facts
      const indexes = Array.from({ length: members }, (_, i) => i)
      simulation.wires.partition(indexes.slice(0, quorum), indexes.slice(quorum))
      simulation.start()
      simulation.contribute('a')
      simulation.run(MINUTE)
      assert.deepEqual(
        decided(simulation),
        indexes.map((index) => (index < quorum ? 1 : 0)),
      )
      simulation.wires.heal()
      mustDecide(simulation)
    })
  }

  it('that leaves the aggregator alone costs its view (fault 24)', () => {
    const simulation = createSimulation()
    const first = simulation.aggregator(0)
    simulation.wires.partition([first])
    // Those in no group are alone too: the others need one.
    simulation.wires.partition([0, 1, 2, 3].filter((index) => index !== first))
    simulation.start()
    for (const name of ['a', 'b']) simulation.contribute(name)
    simulation.run(MINUTE)
    assert.deepEqual(
      decided(simulation),
      [0, 1, 2, 3].map((index) => (index === first ? 0 : 1)),
    )
    simulation.wires.heal()
    mustDecide(simulation)
  })
})

describe('bad links', () => {
  const JITTER: Link = { minMs: 1, maxMs: 2000, drop: 0.3, duplicate: 0.1 }
  // fault 25
  for (const members of [4, 7]) {
    it(`with 30% loss, 2 s jitter and any order among ${members} commit`, () => {
      for (const seed of [1, 2, 3]) mustDecide(started({ members, seed, link: JITTER }, 'a', 'b'))
    })
  }

  it('that work one way only are no obstacle, as long as sync finds a way round (fault 25)', () => {
    for (const [from, to] of [
      [0, 1],
      [1, 0],
      [3, 2],
    ] as const) {
      const simulation = createSimulation()
      simulation.wires.block(from, to)
      simulation.start()
      for (const name of ['a', 'b']) simulation.contribute(name)
      mustDecide(simulation)
    }
  })
})

describe('bytes that are withheld until the end of the window', () => {
  it('have one outcome: everywhere the same, and the same again (fault 52)', () => {
    for (const atMs of [990, 998, 999, 1000, 1001, 1010]) {
      const outcomes = [1, 2].map(() => {
        const simulation = createSimulation({ seed: atMs })
        simulation.start()
        simulation.contribute('a')
        simulation.contribute('late', { servedTo: () => simulation.now >= atMs })
        mustDecide(simulation)
        return String(simulation.decided())
      })
      assert.equal(outcomes[0], outcomes[1])
    }
  })
})

describe('an aggregator', () => {
  // fault 77: silent, withholding, wrong result, censoring, inserting, misquoting, equivocating ...
  for (const liar of LIARS) {
    it(`that is a liar (${liar.name}) costs a view at most, and leaves evidence where there is any`, () => {
      for (const seed of [1, 2, 3, 4]) {
        const { violations } = runSchedule(seed, {
          members: 4,
          profile: 'calm',
          liar,
          liars: 1,
          rounds: 2,
          amends: false,
        })
        assert.deepEqual(violations, [], `seed ${seed}`)
      }
    })
  }

  it('that is slow costs a view, or none (fault 77)', () => {
    const simulation = createSimulation()
    const host = simulation.hosts[simulation.aggregator(0)]
    assert.ok(host)
    host.pace = { ...host.pace, buildMs: 20_000 }
    simulation.start()
    for (const name of ['a', 'b']) simulation.contribute(name)
    mustDecide(simulation)
    assert.ok(Math.max(...simulation.record.views.map(({ view }) => view)) <= 1)
  })
})

describe('members that never vote', () => {
  // fault 78
  for (const [members, quorum] of [
    [4, 'byzantine'],
    [7, 'byzantine'],
    [10, 'byzantine'],
    [3, 'crash'],
    [7, 'crash'],
  ] as const) {
    it(`do no harm up to f of ${members} (${quorum}); one more, and the others say for whom they wait`, () => {
      const { facts } = createSimulation({ members, quorum })
      const faults = members - facts.quorum
      const without = (count: number) => {
        const simulation = started({ members, quorum }, 'a')
        for (const host of simulation.hosts.slice(0, count)) host.crash()
        simulation.run(MINUTE)
        return simulation.hosts.slice(count)
      }
      assert.ok(without(faults).every(({ chain }) => chain.length === 1))
      for (const { chain, state } of without(faults + 1)) {
        assert.equal(chain.length, 0)
        const missing = Array.from({ length: faults + 1 }, (_, i) => `member-${i}`)
        assert.deepEqual([...describeWait(state).missing], missing)
      }
    })
  }
})

describe('a round', () => {
  it('with no contribution, or only refused ones, keeps its base and stays open; with one it ends (fault 76)', () => {
    const base = (simulation: Simulation) => simulation.hosts.map(({ state }) => String(state.head.base))
    const empty = started({ seed: 3 })
    empty.contribute('broken', { defect: 'not-finite' })
    empty.contribute('never', { servedTo: () => false })
    const before = base(empty)
    empty.run(10 * MINUTE)
    assert.deepEqual(base(empty), before)
    assert.ok(empty.hosts.every(({ state }) => describeWait(state).what === 'contributions'))
    empty.contribute('one')
    mustDecide(empty)
  })
})

describe('amendments while everything goes wrong', () => {
  it('add and remove members two rounds later, and break nothing (fault 81)', () => {
    const sizes = new Set<number>()
    for (let seed = 1; seed <= 12; seed++) {
      const { simulation, violations } = runSchedule(seed, { members: 4, quorum: 'byzantine', amends: true })
      assert.deepEqual(violations, [], `seed ${seed}`)
      for (const { chain, disk } of simulation.hosts)
        if (chain.length > 2) sizes.add(disk.head.regime.current.members.length)
    }
    assert.ok(sizes.has(5) && sizes.size > 1, [...sizes].join())
  })
})
