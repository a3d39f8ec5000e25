import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSimulation } from '../../../sim/create-simulation.ts'
import { createBench } from '../../../support/rounds/bench.ts'

function locked(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench(options)
  bench.feed({ type: 'started' })
  const a = bench.contribute('a')
  const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
  const base = bench.base(lists)
  bench.propose(0, base)
  bench.prevote(0, 0, base.base)
  bench.prevote(1, 0, base.base)
  assert.ok(bench.state.locked)
  return { bench, base, a }
}

// protocol.md 4, "Before any vote"; S5
describe('restore', () => {
  it('says nothing again that was said, and goes on in the same step', () => {
    const { bench } = locked()
    const said = bench.said.length
    bench.restart()
    assert.equal(bench.said.length, said)
    assert.deepEqual([bench.state.view, bench.state.phase], [0, 'precommit'])
    for (const saying of ['list/0', 'prevote/1/0', 'precommit/1/0']) assert.ok(bench.state.said.has(saying))
  })

  it('keeps the lock and the proposal that carries it', () => {
    const { bench, base } = locked()
    bench.restart()
    assert.deepEqual(bench.state.locked, { view: 0, base: base.base })
    assert.deepEqual(bench.state.valid, { view: 0, base: base.base, lineage: base.lineage })
  })

  it('has something to propose before anything is fetched or built again', () => {
    const { bench, base } = locked({ self: 2 })
    const manual = createBench({ self: 2, manual: ['fetch-lineage', 'fetch-checkpoint', 'build', 'say'] })
    manual.restart(bench.journal)
    manual.prevote(0, 2, null)
    manual.prevote(1, 2, null)
    const [proposal] = manual.sayings('proposal/1')
    assert.deepEqual([proposal?.validView, String(proposal?.base)], [0, String(base.base)])
  })

  it('holds the prevotes that the lock rests on, to show them to others', () => {
    const { bench, base } = locked()
    bench.restart()
    for (const { message } of bench.state.prevotes.get(0)?.values() ?? []) assert.deepEqual(message.base, base.base)
    assert.equal(bench.state.prevotes.get(0)?.size, 3)
  })

  it('holds the contributions that it listed, and fetches their bytes from our own store', () => {
    const { bench, a } = locked()
    const before = bench.effectsOf('fetch-checkpoint').length
    bench.restart()
    assert.equal(bench.state.contributions.get(String(a.id))?.state, 'held')
    assert.equal(bench.effectsOf('fetch-checkpoint').length, before + 1)
  })

  it('counts no message of another member as ours', () => {
    const { bench, base } = locked()
    const { journal } = bench
    const ours = journal.filter(
      ({ message }) =>
        message.kind !== 'contribution/1' && Buffer.from(message.author).equals(bench.state.self ?? new Uint8Array()),
    )
    assert.ok(ours.length < journal.length)
    bench.restart()
    assert.equal(bench.state.said.size, ours.length)
    assert.deepEqual(bench.state.locked?.base, base.base)
  })

  it('sets the timer of the step that it was in', () => {
    const { bench } = locked()
    bench.now = 5000
    const before = bench.effectsOf('timer').length
    bench.restart()
    const timers = bench.effectsOf('timer').slice(before)
    assert.deepEqual(
      timers.map(({ name }) => name),
      ['1/precommit/0', '1/collect/0'],
    )
    assert.equal(bench.state.phaseUntil, 5000 + (timers[0]?.delayMs ?? 0))
  })

  it('collects on when it had only listed', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    bench.restart()
    assert.deepEqual([bench.state.view, bench.state.phase], [-1, 'collect'])
    bench.fire('collect')
    bench.fire('grace')
    assert.equal(bench.said.length, 1)
  })

  it('does not lock again on what it unlocked from', () => {
    const { bench, a } = locked()
    const own = bench.said.find(({ message }) => message.kind === 'list/1')
    assert.ok(own?.message.kind === 'list/1')
    const lists = [...bench.state.lists.values()].filter(({ id }) => !id.equals(own.id))
    const y = bench.base([...lists.slice(0, 2), { ...own, message: own.message }])
    for (const member of [0, 1, 2]) bench.prevote(member, 1, y.base)
    bench.propose(1, y)
    assert.deepEqual(bench.state.locked, { view: 1, base: y.base })
    bench.restart([...bench.journal].reverse().concat(a))
    assert.deepEqual(bench.state.locked, { view: 1, base: y.base })
  })

  it('leaves out messages of other rounds', () => {
    const { bench } = locked()
    const later = createBench({ head: (head) => ({ ...head, round: 1, certificate: new Uint8Array() }) })
    later.restart(bench.journal)
    assert.equal(later.state.said.size, 0)
    assert.equal(later.state.view, -1)
  })
})

// protocol.md S5 and L1: killed between any two steps, on any host, and everybody at once.
describe('a member killed at its journal', () => {
  const run = (crash: (simulation: ReturnType<typeof createSimulation>) => void, seed: number) => {
    const simulation = createSimulation({ seed, round: { minContributions: 2 } })
    crash(simulation)
    simulation.start()
    for (const name of ['a', 'b', 'c']) simulation.contribute(name)
    const isDecided = simulation.run(60_000, () => simulation.isDecided())
    assert.deepEqual(simulation.violations, [], `seed ${seed}`)
    assert.ok(isDecided, `seed ${seed}: ${simulation.describe()}`)
    return simulation
  }
  const SEED = 4
  const steps = Math.max(...run(() => {}, SEED).hosts.map((host) => host.journalSteps))

  it('has four steps to be killed at in a calm round', () => {
    assert.equal(steps, 4)
  })

  for (const stage of ['before-journal', 'after-journal'] as const) {
    it(`${stage} of any step never contradicts itself, and the round ends`, () => {
      for (let member = 0; member < 4; member++) {
        for (let step = 0; step < steps + 2; step++) {
          run((simulation) => {
            const host = simulation.hosts[member]
            assert.ok(host)
            host.crashPlan = { step, stage, downMs: 500 }
          }, SEED)
        }
      }
    })

    it(`${stage} of the same step on every host never contradicts itself, and the round ends`, () => {
      for (let step = 0; step < steps; step++) {
        run((simulation) => {
          for (const host of simulation.hosts) host.crashPlan = { step, stage, downMs: 500 }
        }, SEED)
      }
    })
  }
})
