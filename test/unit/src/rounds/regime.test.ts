import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedLineage, openLineage } from '../../../../protocols/lineage/rules.ts'
import { amendment } from '../../../../protocols/membership/messages.ts'
import { equalCids } from '../../../../protocols/wire/bytes.ts'
import { idOf } from '../../../../protocols/wire/codec.ts'
import { nextHead } from '../../../../src/rounds/head.ts'
import { nextRegime, regimeOf } from '../../../../src/rounds/regime.ts'
import { judge, lineageView } from '../../../../src/rounds/views.ts'
import { describeWait } from '../../../../src/rounds/wait.ts'
import { amendmentOf, ratifiedBy } from '../../../support/protocols/amendments.ts'
import { listBy } from '../../../support/protocols/messages.ts'
import { testKey } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const newcomer = testKey('newcomer')
const joining = { add: [{ name: 'newcomer', key: newcomer.publicKey }] }

// Fault 81: an amendment in the lineage of round r is in force from round r + 2.
describe('nextRegime', () => {
  const bench = createBench()
  const start = regimeOf(bench.facts)
  const embedded = ratifiedBy(bench.members.slice(0, 3), bench.net, joining)

  it('changes the terms two rounds after they were embedded, and who certified stays who certified', () => {
    const one = nextRegime(start, embedded)
    assert.deepEqual(
      [one.own, one.current, one.next].map(({ members }) => members.length),
      [4, 4, 5],
    )
    const two = nextRegime(one, undefined)
    assert.deepEqual(
      [two.own, two.current, two.next].map(({ members }) => members.length),
      [4, 5, 5],
    )
    assert.deepEqual([two.current.quorum, two.current.threshold], [4, 2])
    assert.ok(two.current.isMember(newcomer.publicKey) && !two.own.isMember(newcomer.publicKey))
    const three = nextRegime(two, undefined)
    assert.deepEqual(
      [three.own, three.current, three.next].map(({ members }) => members.length),
      [5, 5, 5],
    )
  })

  it('builds each amendment on the one before', () => {
    const id = idOf(amendmentOf(bench.net, joining))
    const one = nextRegime(start, embedded)
    assert.ok(equalCids(one.last, id))
    const leaving = ratifiedBy(bench.members.slice(0, 3), bench.net, { remove: [newcomer.publicKey] }, id)
    const two = nextRegime(one, leaving)
    assert.deepEqual(
      [two.own, two.current, two.next].map(({ members }) => members.length),
      [4, 5, 4],
    )
    assert.throws(() => nextRegime(start, leaving), /judged/)
  })
})

describe('a round with a ratified amendment', () => {
  const ratification = (bench: ReturnType<typeof createBench>) =>
    ratifiedBy(bench.members.slice(1, 4), bench.net, { round: { minContributions: 3, collectMs: 5 } })

  it('embeds it in what it proposes, and every member opens that', () => {
    const bench = createBench({ self: 0 })
    bench.feed({ type: 'started' })
    bench.feed({ type: 'ratified', ratification: ratification(bench) })
    bench.contribute('a')
    bench.fire('collect')
    bench.fire('grace')
    const [a] = [...bench.state.contributions.values()].map((entry) => entry.contribution)
    assert.ok(a)
    for (const member of [1, 2]) bench.list(member, [a])
    const [build] = bench.effectsOf('build')
    assert.deepEqual(build?.spec.amendment, ratification(bench))
    const [proposed] = bench.sayings('proposal/1')
    assert.ok(proposed)
    assert.equal(bench.vote('prevote/1')?.base?.toString(), proposed.base.toString())
  })

  it('does not wait for contributions: it lists what it has, and may end empty with the amendment', () => {
    const bench = createBench({ self: 0, round: { maxViews: 1 } })
    bench.feed({ type: 'started' })
    bench.fire('collect')
    assert.equal(bench.sayings('list/1').length, 0, 'nothing to agree on')
    bench.feed({ type: 'ratified', ratification: ratification(bench) })
    assert.notEqual(describeWait(bench.state).what, 'contributions')
    bench.fire('grace')
    assert.equal(bench.sayings('list/1').length, 1)
    const lists = [1, 2].map((member) => bench.list(member, []))
    const own = bench.state.lists.get(Buffer.from(bench.members[0]?.publicKey ?? []).toString('hex'))
    assert.ok(own)
    const empty = bench.base([...lists, own])
    assert.deepEqual(empty.spec.amendment, ratification(bench))
    const opened = openLineage(empty.bytes, lineageView(bench.state.head))
    assert.ok(isOpenedLineage(opened) && opened.isEmpty)
    const next = nextHead(bench.state.head, { base: empty.base, opened, certificate: new Uint8Array() })
    assert.equal(next.regime.next.terms.round.minContributions, 3)
    assert.equal(next.regime.current.terms.round.minContributions, 1)
  })

  it('is refused when too few of this round ratified it, or it follows another', () => {
    const bench = createBench()
    bench.feed({ type: 'started' })
    const a = bench.contribute('a')
    const lists = [0, 1, 2].map((member) => bench.list(member, [a]))
    for (const wrong of [
      ratifiedBy(bench.members.slice(0, 2), bench.net, joining),
      ratifiedBy([newcomer, ...bench.members.slice(0, 2)], bench.net, joining),
      ratifiedBy(bench.members.slice(0, 3), bench.net, joining, a.id),
      amendment.encode({ network: bench.net.network, previous: null, change: joining }),
    ]) {
      const lie = bench.base(lists, (spec) => ({ ...spec, amendment: wrong }))
      assert.ok(!isOpenedLineage(openLineage(lie.bytes, lineageView(bench.state.head))))
    }
  })
})

// Fault 60.
describe('judge, once a member was removed', () => {
  it('rejects its messages of the new round, and does not blame who relays those of rounds it does not know', () => {
    const bench = createBench()
    const [gone] = bench.members
    assert.ok(gone)
    const removal = ratifiedBy(bench.members.slice(1, 4), bench.net, { remove: [gone.publicKey] })
    const regime = nextRegime(nextRegime(bench.state.head.regime, removal), undefined)
    const head = { ...bench.state.head, round: 2, regime }
    const after = createBench({ head: () => head })
    const list = (round: number) => listBy(gone, bench.net, [], { round, parent: head.base })
    assert.deepEqual(judge(after.state, list(3)), { verdict: 'reject', reason: 'not-a-member' })
    assert.deepEqual(judge(after.state, list(4)), { verdict: 'reject', reason: 'not-a-member' })
    assert.deepEqual(judge(after.state, list(9)), { verdict: 'ignore', reason: 'future-round' })
    assert.deepEqual(judge(after.state, list(2)), { verdict: 'ignore', reason: 'past-round' })
  })
})
