import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { equalBytes, equalCids } from '../../../../protocols/wire/bytes.ts'
import type { Ancestor } from '../../../../src/rounds/state.ts'
import { createSimulation } from '../../../sim/create-simulation.ts'
import type { Gate } from '../../../sim/world.ts'
import { testKey } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const GATE = { maxDrop: 20_000_000 }
const REASON = 'gate: accuracy fell by 0.310, at most 0.020'

/** A member with a gate, and a proposal by member 0 of one contribution that all others list. */
function proposed(options: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench({ gate: GATE, manual: ['judge-gate'], ...options })
  const a = bench.contribute('a')
  const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
  const base = bench.base(lists)
  bench.propose(0, base)
  return { bench, a, lists, base }
}

describe('a gate', () => {
  it('is asked about a fresh base once it is built, and the vote waits for it', () => {
    const { bench, base } = proposed()
    assert.deepEqual(
      bench.effectsOf('judge-gate').map((effect) => String(effect.base)),
      [String(base.base)],
    )
    assert.equal(bench.vote('prevote/1'), null)
    bench.feed({ type: 'gate-judged', base: base.base, reason: null })
    assert.equal(String(bench.vote('prevote/1')?.base), String(base.base))
  })

  it('votes against what it refuses, with the reason', () => {
    const { bench, base } = proposed()
    bench.feed({ type: 'gate-judged', base: base.base, reason: REASON })
    assert.deepEqual(bench.vote('prevote/1'), { base: null, reason: REASON })
  })

  it('is asked once: a base that comes again in a later view has its verdict', () => {
    const { bench, base } = proposed()
    bench.feed({ type: 'gate-judged', base: base.base, reason: REASON })
    for (const member of [0, 1, 2]) bench.prevote(member, 0, null)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, null)
    bench.propose(1, base)
    assert.deepEqual(bench.vote('prevote/1', 1), { base: null, reason: REASON })
    assert.equal(bench.effectsOf('judge-gate').length, 1)
  })

  it('that takes too long loses the view, and its verdict counts in the next', () => {
    const { bench, base } = proposed()
    bench.fire('propose')
    assert.deepEqual(bench.vote('prevote/1'), { base: null, reason: 'gate-not-judged' })
    bench.feed({ type: 'gate-judged', base: base.base, reason: null })
    for (const member of [0, 1, 2]) bench.prevote(member, 0, null)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, null)
    bench.propose(1, base)
    assert.equal(String(bench.vote('prevote/1', 1)?.base), String(base.base))
  })

  it('is not asked about a base that a quorum prevoted: that one is judged by its bytes', () => {
    const { bench, base } = proposed()
    bench.feed({ type: 'gate-judged', base: base.base, reason: REASON })
    for (const member of [0, 1, 2]) bench.prevote(member, 0, base.base)
    bench.fire('prevote')
    bench.fire('precommit')
    bench.propose(1, base, 0)
    assert.deepEqual(bench.vote('prevote/1', 1), { base: base.base, reason: null })
    assert.equal(bench.effectsOf('judge-gate').length, 1)
  })

  it('is not asked where the network has none, nor about an empty base', () => {
    const without = proposed({ gate: null })
    assert.equal(String(without.bench.vote('prevote/1')?.base), String(without.base.base))
    const bench = createBench({ gate: GATE, manual: ['judge-gate'], round: { maxViews: 1 } })
    const a = bench.contribute('a')
    const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
    bench.fire('propose')
    for (const member of [0, 1, 2]) bench.prevote(member, 0, null)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, null)
    const empty = bench.base(lists, (spec) => ({ ...spec, inputs: [], excluded: [] }))
    bench.propose(1, empty)
    assert.equal(String(bench.vote('prevote/1', 1)?.base), String(empty.base))
    assert.equal(bench.effectsOf('judge-gate').length, 0)
  })

  it('leaves what it blames off our next list, and waits for others', () => {
    const bench = createBench({ gate: GATE, round: { minContributions: 1 } })
    const bad = bench.contribute('bad')
    bench.feed({ type: 'gate-blamed', id: bad.id })
    bench.feed({ type: 'started' })
    bench.fire('collect')
    assert.equal(bench.sayings('list/1').length, 0)
    const good = bench.contribute('good')
    bench.fire('grace')
    assert.deepEqual(bench.sayings('list/1')[0]?.contributions.map(String), [String(good.id)])
  })
})

/** Hosts that refuse every base with a contribution of this author in it, and blame that. */
function refusing(name: string, hosts: readonly number[]): Gate {
  const { publicKey } = testKey(name)
  return (host, spec) => {
    const blamed = spec.inputs.filter((input) => equalBytes(input.author, publicKey))
    return blamed.length > 0 && hosts.includes(host) ? { reason: REASON, blamed } : null
  }
}

const BAD = { round: { maxViews: 2, minContributions: 1, graceMs: 200 }, rounds: 2, seed: 5 }

describe('a network with gates', () => {
  // fault 76: the gates of a quorum refuse what was contributed
  it('ends a round empty whose bases they refuse, keeps the weights, and goes on with what others contribute', () => {
    const simulation = createSimulation({ ...BAD, gate: refusing('bad', [0, 1, 2, 3]) })
    simulation.contribute('bad')
    simulation.start()
    assert.ok(
      simulation.run(600_000, () => simulation.isDecided(1)),
      simulation.describe(),
    )
    const [first] = simulation.hosts
    assert.ok(first)
    const head = () => first.disk.head
    assert.ok(head().isEmpty)
    const weights = head().history.map((ancestor: Ancestor) => String(ancestor.weights))
    assert.equal(weights[0], weights[1])
    const good = simulation.contribute('good', { fields: { round: 2, parent: head().base } })
    assert.ok(
      simulation.run(600_000, () => simulation.isDecided(2)),
      simulation.describe(),
    )
    assert.deepEqual(head().inputs.map(String), [String(good.message.checkpoint)])
    assert.deepEqual(simulation.violations, [])
  })

  it('certifies a base with inputs when no more than f gates refuse it', () => {
    const simulation = createSimulation({ ...BAD, gate: refusing('bad', [2]) })
    simulation.contribute('bad')
    simulation.start()
    assert.ok(
      simulation.run(600_000, () => simulation.isDecided(1)),
      simulation.describe(),
    )
    assert.equal(simulation.hosts[0]?.disk.head.isEmpty, false)
  })

  it('of which half refuse ends the round empty too, and never forks', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const gate = refusing('bad', [0, 1])
      const link = { minMs: 1, maxMs: 300, drop: 0.1, duplicate: 0.05 }
      const simulation = createSimulation({ ...BAD, rounds: 1, seed, gate, link, syncMs: 2000 })
      simulation.contribute('bad')
      simulation.contribute('good')
      simulation.start()
      assert.ok(
        simulation.run(600_000, () => simulation.isDecided(1)),
        `seed ${seed}: ${simulation.describe()}`,
      )
      assert.deepEqual(simulation.violations, [], `seed ${seed}`)
      const bases = simulation.hosts.map(({ chain }) => chain[0]?.base ?? null)
      assert.ok(bases.every((base) => equalCids(base, bases[0] ?? null)))
      assert.ok(simulation.hosts.every(({ disk }) => disk.head.isEmpty))
    }
  })
})
