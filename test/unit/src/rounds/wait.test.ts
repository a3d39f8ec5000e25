import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { describeWait } from '../../../../src/rounds/wait.ts'
import { type Bench, createBench } from '../../../support/rounds/bench.ts'

const wait = (bench: Bench) => {
  const { what, have, need, missing } = describeWait(bench.state)
  return { what, have, need, missing }
}
const namesOf = (bench: Bench, ...places: readonly number[]) => {
  const names = places.map((place) => bench.members[place]?.name ?? '')
  return bench.net.genesis.committee.map(({ name }) => name).filter((name) => names.includes(name))
}

// protocol.md 4.1: a wait is always visible.
describe('describeWait', () => {
  it('names the contributions that are on their way, then the window', () => {
    const bench = createBench({ round: { minContributions: 2 }, manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const [a, b] = [bench.contribute('a'), bench.contribute('b')]
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    assert.deepEqual(wait(bench), { what: 'contributions', have: 1, need: 2, missing: [String(b.id)] })
    bench.feed({ type: 'checkpoint', id: b.id, reason: null })
    assert.deepEqual(wait(bench), { what: 'collect', have: 2, need: 2, missing: [] })
    assert.equal(describeWait(bench.state).until, 1000)
    bench.now = 1000
    bench.fire('collect')
    assert.equal(wait(bench).what, 'grace')
  })

  it('names the members whose lists are missing', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    bench.list(1, [a])
    assert.deepEqual(wait(bench), { what: 'lists', have: 2, need: 3, missing: namesOf(bench, 0, 2) })
  })

  it('names the aggregator whose proposal is missing', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    for (const member of [0, 1]) bench.list(member, [a])
    assert.deepEqual(wait(bench), { what: 'proposal', have: 0, need: 1, missing: namesOf(bench, 0) })
  })

  it('names the inputs that are missing of a proposal', () => {
    const bench = createBench({ manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const [a, b] = [bench.contribute('a'), bench.contribute('b')]
    bench.feed({ type: 'checkpoint', id: a.id, reason: null })
    bench.propose(0, bench.base([0, 1, 2].map((member) => bench.list(member, [a, b]))))
    assert.deepEqual(wait(bench), { what: 'inputs', have: 1, need: 2, missing: [String(b.id)] })
  })

  it('names what keeps us from proposing', () => {
    const bench = createBench({ self: 0, manual: ['fetch-checkpoint'] })
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    for (const member of [1, 2]) bench.list(member, [a])
    assert.deepEqual(wait(bench), { what: 'inputs', have: 0, need: 1, missing: [String(a.id)] })
  })

  it('names the members whose votes are missing, with no end in sight before a quorum voted', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const base = bench.base([0, 1, 2].map((member) => bench.list(member, [a])))
    bench.propose(0, base)
    bench.prevote(0, 0, base.base)
    assert.deepEqual(wait(bench), { what: 'prevotes', have: 2, need: 3, missing: namesOf(bench, 1, 2) })
    assert.equal(describeWait(bench.state).until, null)
    bench.prevote(1, 0, base.base)
    assert.deepEqual(wait(bench), { what: 'precommits', have: 1, need: 3, missing: namesOf(bench, 0, 1, 2) })
    for (const member of [0, 1, 2]) bench.precommit(member, 0, base.base)
    assert.equal(wait(bench).what, 'base')
  })

  it('tells who only follows where the committee is', () => {
    const bench = createBench({ self: null })
    bench.feed({ type: 'started' })
    assert.equal(wait(bench).what, 'contributions')
    bench.list(0, [bench.contribute('a')])
    assert.deepEqual(wait(bench), { what: 'lists', have: 1, need: 3, missing: namesOf(bench, 1, 2, 3) })
    bench.precommit(0, 2, null)
    bench.precommit(1, 2, null)
    assert.deepEqual(wait(bench), { what: 'precommits', have: 2, need: 3, missing: namesOf(bench, 2, 3) })
  })
})
