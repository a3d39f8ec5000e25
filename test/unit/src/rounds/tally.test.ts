import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { heldMessages } from '../../../../src/rounds/held.ts'
import { countVoters, votesFor } from '../../../../src/rounds/tally.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const [x, y, z] = ['x', 'y', 'z'].map((name) => testCid(name))

// faults.md 79
describe('equivocation', () => {
  it('is evidence, once a member', () => {
    const bench = createBench()
    assert.ok(x && y)
    bench.prevote(0, 0, x)
    bench.prevote(0, 0, x)
    assert.deepEqual(bench.effectsOf('evidence'), [])
    bench.prevote(0, 0, y)
    bench.precommit(0, 0, x)
    bench.precommit(0, 0, y)
    const evidence = bench.effectsOf('evidence')
    assert.equal(evidence.length, 1)
    const bases = [evidence[0]?.first, evidence[0]?.second].map(
      (signed) => signed?.message.kind === 'prevote/1' && String(signed.message.base),
    )
    assert.deepEqual(bases, [String(x), String(y)])
  })

  it('of an aggregator is evidence, and its first proposal counts', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
    const base = bench.base(lists)
    bench.propose(0, base)
    bench.propose(0, { base: testCid('other'), lineage: base.lineage })
    assert.equal(bench.effectsOf('evidence').length, 1)
    assert.equal(String(bench.state.proposals.get(0)?.message.base), String(base.base))
    assert.deepEqual(bench.vote('prevote/1', 0)?.base, base.base)
  })

  // L1 and L5: others may be locked on it, and the next aggregator must carry what they are locked on.
  it('of an aggregator hides no quorum: the proposal that was prevoted is locked and carried, whichever came first', () => {
    for (const isFirst of [true, false]) {
      const bench = createBench({ self: 1 })
      bench.feed({ type: 'started' })
      const a = bench.contribute('a')
      const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
      const base = bench.base(lists)
      const other = { base: testCid('other'), lineage: testCid('other lineage', 'raw') }
      for (const proposed of isFirst ? [base, other] : [other, base]) bench.propose(0, proposed)
      bench.fire('propose')
      for (const member of [0, 2, 3]) bench.prevote(member, 0, base.base)
      assert.equal(String(bench.vote('precommit/1', 0)?.base), String(base.base))
      for (const member of [0, 2, 3]) bench.precommit(member, 0, null)
      assert.equal(bench.state.view, 1)
      const [proposal] = bench.sayings('proposal/1')
      assert.deepEqual([proposal?.validView, String(proposal?.base)], [0, String(base.base)])
    }
  })

  it('of an aggregator fills no memory: a third proposal is kept when f + 1 members prevoted it, and else ignored', () => {
    const bench = createBench()
    const proposed = (name: string) => bench.propose(0, { base: testCid(name), lineage: testCid('lineage', 'raw') })
    assert.deepEqual(
      ['one', 'two'].map(proposed).map(({ verdict }) => verdict),
      ['accept', 'accept'],
    )
    assert.equal(proposed('three').verdict, 'ignore')
    for (const member of [1, 2]) bench.prevote(member, 0, testCid('three'))
    assert.equal(proposed('three').verdict, 'accept')
    assert.equal(proposed('four').verdict, 'ignore')
  })

  it('counts once among those who voted, and once for each base', () => {
    const bench = createBench()
    assert.ok(x && y)
    for (let i = 0; i < 3; i++) {
      bench.prevote(0, 0, x)
      bench.prevote(0, 0, y)
    }
    bench.prevote(1, 0, x)
    assert.equal(countVoters(bench.state, 'prevote/1', 0), 2)
    assert.equal(votesFor(bench.state, 'prevote/1', 0, x).length, 2)
    assert.equal(votesFor(bench.state, 'prevote/1', 0, y).length, 1)
  })

  it('makes no quorum out of too few members', () => {
    const bench = createBench()
    assert.ok(x && y)
    for (const base of [x, y, null]) for (const member of [0, 1]) bench.precommit(member, 0, base)
    assert.deepEqual(bench.effectsOf('decided'), [])
    bench.precommit(2, 0, y)
    assert.equal(String(bench.effectsOf('decided')[0]?.base), String(y))
  })

  it('fills no memory: a third contradiction is ignored', () => {
    const bench = createBench()
    assert.ok(x && y)
    bench.prevote(0, 0, x)
    bench.prevote(0, 0, y)
    const before = bench.state.known.size
    for (let i = 0; i < 50; i++) assert.equal(bench.prevote(0, 0, testCid(`spam ${i}`)).verdict, 'ignore')
    assert.equal(bench.state.known.size, before)
    assert.equal(heldMessages(bench.state).length, 2)
  })

  // L1: an honest member may have locked with the help of this vote.
  it('can hide no quorum from us: a vote that f + 1 others share is kept', () => {
    const bench = createBench()
    assert.ok(x && y && z)
    bench.prevote(0, 0, null)
    bench.prevote(0, 0, y)
    assert.equal(bench.prevote(0, 0, x).verdict, 'ignore')
    bench.prevote(1, 0, x)
    bench.prevote(2, 0, x)
    assert.equal(bench.prevote(0, 0, x).verdict, 'accept')
    assert.equal(votesFor(bench.state, 'prevote/1', 0, x).length, 3)
    assert.ok(heldMessages(bench.state).length === 5)
  })
})

describe('heldMessages', () => {
  it('names everything that was accepted and still counts', () => {
    const bench = createBench()
    assert.ok(x)
    const a = bench.contribute('a')
    bench.list(0, [a])
    bench.list(0, [a, bench.contribution('b')], 1)
    bench.prevote(1, 0, x)
    bench.precommit(1, 0, x)
    const kinds = heldMessages(bench.state).map(({ message }) => message.kind)
    assert.deepEqual(kinds, ['contribution/1', 'list/1', 'prevote/1', 'precommit/1'])
  })

  it('lets a peer that never heard anything catch up', () => {
    const [bench, newcomer] = [createBench(), createBench({ self: null })]
    assert.ok(x)
    for (const member of [0, 1, 2]) bench.precommit(member, 0, x)
    for (const signed of heldMessages(bench.state)) newcomer.hear(signed)
    assert.equal(newcomer.effectsOf('decided').length, 1)
  })
})
