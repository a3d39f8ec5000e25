import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openCertificate } from '../../../../protocols/round/certificate.ts'
import { describeWait } from '../../../../src/rounds/wait.ts'
import { createSimulation, type Simulation, type SimulationOptions } from '../../../sim/create-simulation.ts'
import type { Liar } from '../../../sim/liars/liar.ts'
import { censoringLiar, insertingLiar, wrongBaseLiar } from '../../../sim/liars/proposing.ts'
import { equivocatingLiar } from '../../../sim/liars/voting.ts'
import { silentLiar, withholdingLiar } from '../../../sim/liars/withholding.ts'
import type { Machine } from '../../../sim/machine.ts'
import { FIRST_WORD_ONLY, WITHOUT_PROOF } from '../../../sim/mutants/voting.ts'

const MINUTE = 60_000

function offer(simulation: Simulation, ...names: readonly string[]): void {
  for (const name of names) simulation.contribute(name)
}

function mustDecide(simulation: Simulation, forMs = 2 * MINUTE, round = 1): void {
  const isDecided = simulation.run(forMs, () => simulation.isDecided(round))
  assert.deepEqual(simulation.violations, [])
  assert.ok(isDecided, simulation.describe())
  assert.ok(simulation.decided(round), 'one base')
}

/** The inputs of the base of a round, and the view that certified it. */
function outcome(simulation: Simulation, round = 1) {
  const host = simulation.hosts.find(({ liar }) => !liar)
  const decision = host?.chain[round - 1]
  assert.ok(host && decision)
  const { id: network, quorum, isMember } = simulation.facts
  const certificate = openCertificate(decision.certificate, { network, quorum, isMember })
  assert.ok('view' in certificate)
  const inputs = host.disk.bases.get(String(decision.base))?.spec.inputs.map(({ id }) => String(id)) ?? []
  return { view: certificate.view, inputs }
}

function calm(options: SimulationOptions = {}): Simulation {
  const simulation = createSimulation(options)
  simulation.start()
  offer(simulation, 'a', 'b', 'c')
  return simulation
}

/** A simulation in which one place of the rank lies. */
function withLiarAt(place: number, liar: Liar, options: SimulationOptions = {}): Simulation {
  const index = createSimulation(options).aggregator(place)
  return createSimulation({ ...options, liars: { [index]: liar } })
}

const QUORUMS = {
  crash: [1, 2, 3, 4, 5],
  byzantine: [1, 2, 3, 4, 7],
} as const

// protocol.md 4, L1 and L2
describe('a committee', () => {
  for (const quorum of ['crash', 'byzantine'] as const) {
    for (const members of QUORUMS[quorum]) {
      it(`of ${members} with a ${quorum} quorum decides, as many down as it bears, and not with one more`, () => {
        mustDecide(calm({ members, quorum }))

        const bearable = members - createSimulation({ members, quorum }).facts.quorum
        const simulation = calm({ members, quorum })
        for (const host of simulation.hosts.slice(0, bearable)) host.crash()
        const up = simulation.hosts.slice(bearable)
        assert.ok(
          simulation.run(MINUTE, () => up.every(({ chain }) => chain.length === 1)),
          simulation.describe(),
        )

        const stalled = calm({ members, quorum })
        for (const host of stalled.hosts.slice(0, bearable + 1)) host.crash()
        stalled.run(MINUTE)
        assert.ok(stalled.hosts.every(({ chain }) => chain.length === 0))
      })
    }
  }

  it('goes from round to round, each base certified on top of the last', () => {
    const simulation = createSimulation({ rounds: 3, seed: 5 })
    simulation.start()
    for (const round of [1, 2, 3]) {
      const [host] = simulation.hosts
      const parent = host?.state.head.base
      assert.ok(parent)
      simulation.contribute(`of round ${round}`, { fields: { round, parent } })
      mustDecide(simulation, MINUTE, round)
      assert.equal(outcome(simulation, round).inputs.length, 1)
    }
  })
})

describe('a peer that is no member', () => {
  it('decides from precommits alone', () => {
    const simulation = calm({ observers: 2, syncMs: 0 })
    mustDecide(simulation)
    const observers = simulation.hosts.slice(4)
    assert.ok(observers.every(({ chain, spoken }) => chain.length === 1 && spoken.length === 0))
  })
})

// protocol.md L4
describe('an aggregator', () => {
  it('that is silent costs one view, and the next in rank takes the same inputs', () => {
    const expected = outcome(settled(calm())).inputs
    const simulation = withLiarAt(0, silentLiar)
    simulation.start()
    offer(simulation, 'a', 'b', 'c')
    mustDecide(simulation)
    assert.deepEqual(outcome(simulation), { view: 1, inputs: expected })
  })

  for (const stage of ['before-journal', 'after-journal'] as const) {
    it(`that dies ${stage} of its proposal never contradicts it`, () => {
      const simulation = createSimulation()
      const host = simulation.hosts[simulation.aggregator(0)]
      assert.ok(host)
      host.crashPlan = { step: 1, stage, downMs: 1500 }
      simulation.start()
      offer(simulation, 'a', 'b', 'c')
      mustDecide(simulation)
      const proposals = host.disk.journal.concat(host.spoken).filter(({ message }) => message.kind === 'proposal/1')
      assert.ok(new Set(proposals.map(({ id }) => String(id))).size <= 1)
      assert.equal(outcome(simulation).inputs.length, 3)
    })
  }
})

function settled(simulation: Simulation): Simulation {
  mustDecide(simulation)
  return simulation
}

// protocol.md L5
describe('a proposer that lies', () => {
  const cases: readonly [liar: Liar, leavesEvidence: boolean][] = [
    [wrongBaseLiar, false],
    [censoringLiar, false],
    [insertingLiar, false],
    [withholdingLiar, false],
    [equivocatingLiar, true],
  ]
  for (const [liar, leavesEvidence] of cases) {
    it(`(${liar.name}) costs one view at most${leavesEvidence ? ', and leaves evidence' : ''}`, () => {
      const simulation = withLiarAt(0, liar)
      simulation.start()
      offer(simulation, 'a', 'b', 'c')
      simulation.contribute('unlisted', { servedTo: () => false })
      mustDecide(simulation)
      const { view, inputs } = outcome(simulation)
      assert.ok(view <= 1, `view ${view}`)
      assert.equal(inputs.length, 3)
      if (leavesEvidence) assert.ok(simulation.evidence.length > 0)
    })
  }
})

// protocol.md L6
describe('contributions whose bytes never arrive', () => {
  it('hold up nothing', () => {
    const simulation = createSimulation({ round: { maxContributions: 4 } })
    simulation.start()
    for (let i = 0; i < 40; i++) simulation.contribute(`never ${i}`, { servedTo: () => false })
    offer(simulation, 'a', 'b')
    mustDecide(simulation)
    assert.deepEqual(outcome(simulation).view, 0)
    assert.ok(outcome(simulation).inputs.length >= 1)
  })

  it('of one member only are served by that member, or left out', () => {
    const simulation = createSimulation()
    simulation.start()
    offer(simulation, 'a')
    simulation.contribute('for member 2', { servedTo: (index) => index === 2 })
    mustDecide(simulation)
    assert.equal(outcome(simulation).view, 0)
  })

  it('hold up no longer list of the others', () => {
    // One member lists what it alone holds, and something that nobody can get.
    const simulation = createSimulation({ round: { minContributions: 2 } })
    simulation.start()
    offer(simulation, 'a')
    simulation.contribute('of one', { servedTo: (index) => index === 1 })
    simulation.contribute('never', { servedTo: () => false })
    mustDecide(simulation)
    assert.equal(outcome(simulation).inputs.length, 2)
  })
})

// protocol.md L2, L3
describe('a split network', () => {
  it('in halves certifies nothing, and agrees on one head once healed', () => {
    const simulation = createSimulation()
    simulation.wires.partition([0, 1], [2, 3])
    simulation.start()
    offer(simulation, 'a', 'b')
    simulation.contribute('left', { announcedTo: [0, 1] })
    simulation.contribute('right', { announcedTo: [2, 3] })
    simulation.run(MINUTE)
    assert.ok(simulation.hosts.every(({ chain }) => chain.length === 0))
    simulation.wires.heal()
    mustDecide(simulation)
  })

  it('lets the majority go on, and the minority follows', () => {
    const simulation = createSimulation()
    simulation.wires.partition([0, 1, 2], [3])
    simulation.start()
    offer(simulation, 'a')
    simulation.run(MINUTE)
    assert.deepEqual(
      simulation.hosts.map(({ chain }) => chain.length),
      [1, 1, 1, 0],
    )
    simulation.wires.heal()
    mustDecide(simulation)
  })

  it('that splits in the middle of a vote heals', () => {
    for (const atMs of [1020, 1060, 1100, 1140]) {
      const simulation = createSimulation({ seed: atMs })
      simulation.start()
      offer(simulation, 'a', 'b')
      simulation.after(atMs, () => simulation.wires.partition([0, 1], [2, 3]))
      simulation.run(30_000)
      simulation.wires.heal()
      mustDecide(simulation)
    }
  })
})

// faults.md 78
describe('two of four members offline', () => {
  it('stall the round, and everybody can see who is missing', () => {
    const simulation = createSimulation()
    simulation.start()
    for (const index of [1, 2]) simulation.hosts[index]?.crash()
    offer(simulation, 'a')
    simulation.run(MINUTE)
    for (const index of [0, 3]) {
      const host = simulation.hosts[index]
      assert.ok(host && host.chain.length === 0)
      const { what, have, need, missing } = describeWait(host.state)
      assert.deepEqual(
        { what, have, need, missing },
        { what: 'lists', have: 2, need: 3, missing: ['member-1', 'member-2'] },
      )
    }
    for (const index of [1, 2]) simulation.hosts[index]?.restart()
    mustDecide(simulation)
  })

  it('in the middle of a vote are named too', () => {
    const simulation = createSimulation()
    simulation.start()
    offer(simulation, 'a')
    const hasVoted = () => simulation.hosts.some(({ state }) => state.phase === 'prevote')
    assert.ok(simulation.run(MINUTE, hasVoted))
    for (const index of [1, 2]) simulation.hosts[index]?.crash()
    simulation.run(5 * MINUTE)
    for (const index of [0, 3]) {
      const host = simulation.hosts[index]
      assert.ok(host && host.chain.length === 0)
      assert.deepEqual([...describeWait(host.state).missing], ['member-1', 'member-2'], simulation.describe())
    }
    for (const index of [1, 2]) simulation.hosts[index]?.restart()
    mustDecide(simulation, 5 * MINUTE)
  })
})

// protocol.md 4.6, 4.7; fault 76: what closes a round without inputs, and leaves the weights.
describe('a round in which no proposal came in time', () => {
  it('ends empty, and the next one takes the contributions that are left', () => {
    const options: SimulationOptions = { round: { maxViews: 1 }, rounds: 2 }
    const simulation = withLiarAt(
      0,
      { ...silentLiar, speak: (saying) => (saying.round === 1 ? [] : [{ saying }]) },
      options,
    )
    simulation.start()
    offer(simulation, 'a', 'b')
    mustDecide(simulation, MINUTE, 1)
    assert.deepEqual(outcome(simulation, 1), { view: 1, inputs: [] })
    const [head] = simulation.hosts.map(({ state }) => state.head)
    assert.equal(head?.isEmpty, true)
    assert.equal(simulation.hosts[0]?.state.emptyBefore, 1)
    mustDecide(simulation, MINUTE, 2)
    assert.equal(outcome(simulation, 2).inputs.length, 2)
  })
})

/**
 * Member `locked` sees a quorum of prevotes with the help of a liar that tells the others nil and is never heard again.
 * Nobody else may lock, and it may vote for nothing else: it must be able to show why.
 */
function lockedByALiar(machine?: Partial<Machine>, restarts = false): Simulation {
  // From view 1 on only what was carried over keeps its inputs.
  const settings: SimulationOptions = { round: { maxViews: 1 }, ...(machine ? { machine } : {}) }
  const plain = createSimulation(settings)
  const [first, second, third, last] = [0, 1, 2, 3].map((view) => plain.aggregator(view))
  assert.ok(first !== undefined && second !== undefined && third !== undefined && last !== undefined)
  const [locked, blind] = [first, third]
  const twoFaced: Liar = {
    name: 'two-faced',
    withholds: true,
    speak: (saying) => {
      if (saying.kind === 'list/1') return [{ saying }]
      if (saying.kind !== 'prevote/1' || saying.view > 0) return []
      return [
        { saying: { ...saying, base: null }, to: [second, blind] },
        { saying, to: [locked] },
      ]
    },
  }
  const simulation = createSimulation({ ...settings, liars: { [last]: twoFaced } })
  const isOfView0 = (view: number) => view === 0
  simulation.isSyncing = false
  // One member never hears of the proposal, and another not of enough prevotes to lock.
  simulation.wires.cut = ({ message }, to) =>
    (message.kind === 'proposal/1' && isOfView0(message.view) && to === blind) ||
    (message.kind === 'prevote/1' && isOfView0(message.view) && to === second && message.base !== null)
  simulation.start()
  offer(simulation, 'a', 'b')
  const host = simulation.hosts[locked]
  assert.ok(host)
  assert.ok(simulation.run(MINUTE, () => host.state.locked !== null))
  assert.ok(simulation.run(MINUTE, () => simulation.hosts.some(({ state }) => state.view > 0)))
  assert.deepEqual(
    simulation.hosts.filter(({ liar, state }) => !liar && state.locked).map(({ index }) => index),
    [locked],
  )
  if (restarts) {
    host.crash()
    simulation.after(100, () => host.restart())
  }
  simulation.run(500)
  simulation.wires.cut = () => false
  simulation.isSyncing = true
  return simulation
}

// protocol.md 4.4: what locks one must be able to convince all.
describe('a member that alone is locked, with the help of a liar', () => {
  it('convinces the others, though the liar told them nil', () => {
    const simulation = settled(lockedByALiar())
    assert.equal(outcome(simulation).inputs.length, 2)
  })

  it('convinces them after a restart, too', () => {
    const simulation = settled(lockedByALiar(undefined, true))
    assert.equal(outcome(simulation).inputs.length, 2)
  })

  it('could not, if the others believed only the first word of the liar', () => {
    const simulation = lockedByALiar(FIRST_WORD_ONLY)
    assert.equal(
      simulation.run(2 * MINUTE, () => simulation.isDecided()),
      false,
    )
  })

  it('could not, if its journal held only its own words', () => {
    const simulation = lockedByALiar(WITHOUT_PROOF, true)
    assert.equal(
      simulation.run(2 * MINUTE, () => simulation.isDecided()),
      false,
    )
  })
})
