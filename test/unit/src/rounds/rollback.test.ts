import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedLineage, openLineage } from '../../../../protocols/lineage/rules.ts'
import { certify } from '../../../../protocols/round/certificate.ts'
import { equalCids } from '../../../../protocols/wire/bytes.ts'
import { nextHead } from '../../../../src/rounds/head.ts'
import { leftOut, ROLLED_BACK } from '../../../../src/rounds/left-out.ts'
import { createRound } from '../../../../src/rounds/reduce.ts'
import { inForce } from '../../../../src/rounds/rollback.ts'
import type { Ancestor, Head } from '../../../../src/rounds/state.ts'
import { isRecent, lineageView, parentOf } from '../../../../src/rounds/views.ts'
import { ratifiedBy } from '../../../support/protocols/amendments.ts'
import { precommitsBy } from '../../../support/protocols/messages.ts'
import { testCid, testNetwork } from '../../../support/protocols/network.ts'
import { createBench } from '../../../support/rounds/bench.ts'

const POLICY = { maxStaleness: 3, historyRounds: 8, keepRounds: 8, minContributions: 2, maxViews: 4 }
const baseOf = (round: number) => testCid(`base ${round}`)
const weightsOf = (round: number) => testCid(`weights ${round}`, 'file')
const inputOf = (round: number) => testCid(`input of ${round}`, 'file')
const ancestor = (round: number): Ancestor => ({
  ...{ round, base: baseOf(round), weights: weightsOf(round), inputs: [inputOf(round)], isEmpty: false },
})

/** Rounds 1 to 3 had inputs; that of 3 was bad. */
function afterThree(head: Head): Head {
  const vote = { network: head.regime.current.id, round: 3, view: 0, base: baseOf(3) }
  const certificate = certify(precommitsBy(testNetwork().members, vote), 3)
  return { ...head, ...ancestor(3), history: [3, 2, 1].map(ancestor), certificate }
}
const options = { round: POLICY, head: afterThree, self: 0 }
type Bench = ReturnType<typeof createBench>
const to = ({ members, net }: Bench, base = baseOf(1)) => ratifiedBy(members.slice(1, 4), net, { rollback: { base } })

/** A round at whose first proposal this member has a turn, with one contribution held. */
function rolling(): Bench {
  const bench = createBench(options)
  bench.feed({ type: 'started' })
  bench.contribute('a')
  bench.feed({ type: 'ratified', ratification: to(bench) })
  for (const member of [1, 2, 3]) bench.list(member, [])
  return bench
}

function headAfter(bench: Bench): Head {
  const [build] = bench.effectsOf('build')
  assert.ok(build)
  const made = bench.base([...bench.state.lists.values()].slice(0, 3), () => build.spec)
  const opened = openLineage(made.bytes, lineageView(bench.state.head))
  assert.ok(isOpenedLineage(opened))
  return nextHead(bench.state.head, { base: made.base, opened, certificate: new Uint8Array() })
}

describe('a round with a ratified rollback', () => {
  it('lists at once, takes no inputs whatever is held, and is voted for in view 0', () => {
    const early = createBench(options)
    early.feed({ type: 'started' })
    assert.equal(early.sayings('list/1').length, 0)
    early.feed({ type: 'ratified', ratification: to(early) })
    assert.equal(early.sayings('list/1').length, 1, 'without waiting for the window')
    const bench = rolling()
    const [build] = bench.effectsOf('build')
    assert.ok(build)
    assert.deepEqual([build.spec.inputs, build.spec.excluded], [[], []])
    assert.ok(build.spec.rollback && equalCids(build.spec.rollback.weights, weightsOf(1)))
    const [proposed] = bench.sayings('proposal/1')
    assert.ok(proposed)
    assert.equal(String(bench.vote('prevote/1')?.base), String(proposed.base))
  })

  it('takes no notice of one to what is no earlier base', () => {
    for (const base of [baseOf(3), testCid('elsewhere')]) {
      const bench = createBench(options)
      bench.feed({ type: 'ratified', ratification: to(bench, base) })
      assert.deepEqual([bench.state.ratification, bench.state.rollback], [null, null])
    }
  })

  it('refuses what nobody ratified, inputs beside it, and weights of another base', () => {
    const bench = createBench({ ...options, self: 3 })
    bench.feed({ type: 'started' })
    const [a, b] = ['a', 'b'].map((name) => bench.contribute(name))
    assert.ok(a && b)
    const lists = [0, 1, 2].map((member) => bench.list(member, [a, b]))
    const target = { base: baseOf(1), weights: weightsOf(1) }
    const bare = { inputs: [], excluded: [] }
    const lies = [
      ['lineage-empty-changes-weights', { ...bare, rollback: target }],
      ['lineage-rollback-with-contributions', { amendment: to(bench) }],
      ['lineage-rollback-other-weights', { ...bare, amendment: to(bench) }],
      [
        'lineage-rollback-other-weights',
        { ...bare, amendment: to(bench), rollback: { ...target, weights: weightsOf(2) } },
      ],
    ] as const
    for (const [view, [reason, lie]] of lies.entries()) {
      const made = bench.base(lists, (spec) => ({ ...spec, ...lie }))
      assert.deepEqual(openLineage(made.bytes, lineageView(bench.state.head)), { verdict: 'reject', reason }, `${view}`)
    }
    bench.propose(
      0,
      bench.base(lists, (spec) => ({ ...spec, ...bare, rollback: target })),
    )
    assert.deepEqual(bench.vote('prevote/1'), { base: null, reason: 'lineage-empty-changes-weights' })
  })

  it('does not count as empty, and leaves nothing for the next round', () => {
    const bench = rolling()
    const head = headAfter(bench)
    assert.ok(!head.isEmpty && head.rolledBackTo && equalCids(head.rolledBackTo, baseOf(1)))
    assert.ok(equalCids(head.weights, weightsOf(1)))
    const next = createRound({ head, self: null, now: 0, previous: bench.state })
    assert.deepEqual([next.contributions.size, next.emptyBefore], [0, 0])
    const made = bench.base([...bench.state.lists.values()].slice(0, 3))
    const opened = openLineage(made.bytes, lineageView(bench.state.head))
    assert.ok(isOpenedLineage(opened))
    assert.deepEqual(
      leftOut(bench.state, opened).map(({ reason }) => reason),
      [ROLLED_BACK],
    )
  })
})

describe('after a rollback', () => {
  const head = headAfter(rolling())

  it('no base before it is a parent, however late contributions may be', () => {
    const staleness = (parent: Ancestor) => parentOf(head, parent.base, parent.round + 1)?.staleness ?? null
    assert.deepEqual(head.history.map(staleness), [0, null, null, null])
    const inputs = { ...ancestor(5), inputs: [inputOf(5)] }
    const later: Head = { ...head, ...inputs, history: [inputs, ...head.history] }
    const at = (parent: Ancestor) => parentOf(later, parent.base, parent.round + 1)?.staleness ?? null
    assert.deepEqual(later.history.map(at), [0, 1, null, null, null])
  })

  it('what was reverted may be offered again, and neither reverted weights nor what is in force', () => {
    assert.deepEqual(
      inForce(head.history).map(({ round }) => round),
      [4, 1],
    )
    assert.deepEqual(
      [3, 2, 1].map((round) => isRecent(head, inputOf(round))),
      [false, false, true],
    )
    assert.deepEqual(
      [3, 2, 1].map((round) => isRecent(head, weightsOf(round))),
      [true, true, true],
    )
  })

  it('a rollback to a reverted base undoes it', () => {
    const undone: Ancestor = { ...ancestor(5), weights: weightsOf(3), inputs: [], rolledBackTo: baseOf(3) }
    const history = [undone, ...head.history]
    assert.deepEqual(
      inForce(history).map(({ round }) => round),
      [5, 3, 2, 1],
    )
    assert.ok(isRecent({ ...head, ...undone, history }, inputOf(3)))
  })
})
