import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedLineage, openLineage } from '../../../../protocols/lineage/rules.ts'
import { ignore, reject } from '../../../../protocols/wire/verdict.ts'
import { createRound, reduce } from '../../../../src/rounds/reduce.ts'
import type { Head } from '../../../../src/rounds/state.ts'
import { judge, lineageView } from '../../../../src/rounds/views.ts'
import { encodeLineage, lineageFields } from '../../../support/protocols/lineage.ts'
import { contributionBy, listBy, voucherBy } from '../../../support/protocols/messages.ts'
import { testCid, testKey } from '../../../support/protocols/network.ts'
import { type Bench, createBench } from '../../../support/rounds/bench.ts'

const vouchedBench = () => createBench({ contributors: 'vouched' })

function voucherFor({ net, members }: Bench, name: string, until: number): Uint8Array {
  const [member] = members
  assert.ok(member)
  return voucherBy(member, net, testKey(name), { until }).envelope
}

/** Where round 2 starts when round 1 ended empty. */
function afterEmptyRound({ state }: Bench): Head {
  const empty = { round: 1, base: testCid('empty base'), weights: state.head.weights, inputs: [], isEmpty: true }
  return { ...state.head, ...empty, history: [empty, ...state.head.history] }
}

describe('a round with vouched contributors', () => {
  it('takes what has a voucher, what a member made, and nothing else', () => {
    const bench = vouchedBench()
    bench.feed({ type: 'started' })
    const good = bench.contribution('a', { voucher: voucherFor(bench, 'a', 5) })
    assert.equal(bench.hear(good).verdict, 'accept')
    assert.deepEqual(bench.hear(bench.contribution('b')), reject('no-voucher'))
    const [, member] = bench.members
    assert.ok(member)
    const own = contributionBy(member, bench.net, { round: 1, parent: bench.state.head.base })
    assert.equal(bench.hear(own).verdict, 'accept')
  })

  // A list that names it would make a lineage that every verifier refuses, view after view.
  it('leaves behind after an empty round what may not contribute in the next', () => {
    const bench = vouchedBench()
    bench.feed({ type: 'started' })
    const ending = bench.contribute('ending', { voucher: voucherFor(bench, 'ending', 1) })
    const lasting = bench.contribute('lasting', { voucher: voucherFor(bench, 'lasting', 2) })
    const head = afterEmptyRound(bench)
    const self = bench.state.self
    const next = createRound({ head, self, now: 0, previous: bench.state })
    assert.deepEqual([...next.contributions.keys()], [String(lasting.id)])
    assert.deepEqual(judge(next, ending), ignore('voucher-expired'))

    const bare = createRound({ head, self, now: 0 })
    const restored = reduce(bare, { type: 'restored', signed: [ending, lasting], now: 0 }).state
    assert.deepEqual([...restored.contributions.keys()], [String(lasting.id)])
  })

  it('refuses a lineage with an input whose voucher does not hold in its round', () => {
    const bench = vouchedBench()
    const { net, state } = bench
    const { base, weights } = state.head
    const round = { net, round: 1, base, baseWeights: weights }
    const verdictOf = (voucher: Uint8Array) => {
      const one = bench.contribution('a', { voucher })
      const lists = net.members.slice(0, 3).map((member) => listBy(member, net, [one]))
      return openLineage(encodeLineage(lineageFields(round, lists, [one])), lineageView(state.head))
    }
    assert.ok(isOpenedLineage(verdictOf(voucherFor(bench, 'a', 1))))
    assert.deepEqual(verdictOf(voucherFor(bench, 'other', 1)), reject('voucher-for-another'))
  })
})
