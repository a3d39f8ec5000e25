import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isOpenedAmendment, openRatification } from '../../../../../protocols/membership/rules.ts'
import { idOf } from '../../../../../protocols/wire/codec.ts'
import { createAmendmentBook } from '../../../../../src/peer/amendments/book.ts'
import { createTermsBook } from '../../../../../src/peer/terms-book.ts'
import { genesisHead } from '../../../../../src/rounds/head.ts'
import { networkFacts } from '../../../../../src/rounds/network.ts'
import { amendmentView, nextRegime, type Regime, regimeOf } from '../../../../../src/rounds/regime.ts'
import { amendmentOf, approvalsBy, type Change, ratifiedBy } from '../../../../support/protocols/amendments.ts'
import { testCid, testKey, testNetwork } from '../../../../support/protocols/network.ts'

const net = testNetwork()
const facts = networkFacts(net.network, net.genesis)
const crash: Change = { quorum: 'crash' }
const newcomer = testKey('newcomer')
const joining: Change = { add: [{ name: 'newcomer', key: newcomer.publicKey }] }

const head = genesisHead(facts, testCid('weights', 'file'))

function open(start: Regime = regimeOf(facts)) {
  let regime = start
  const book = createAmendmentBook(net.network, () => ({ ...head, regime }))
  const approve = (members: readonly number[], change: Change, previous: Parameters<typeof amendmentOf>[2] = null) =>
    approvalsBy(
      members.map((index) => net.members[index] ?? newcomer),
      net,
      amendmentOf(net, change, previous),
    ).map(({ envelope }) => book.receive(envelope).verdict)
  return {
    book,
    approve,
    move: (next: Regime) => {
      regime = next
      return book.enter()
    },
  }
}

describe('createAmendmentBook', () => {
  it('gives a ratification that holds once a quorum approved, and counts a member once', () => {
    const { book, approve } = open()
    approve([0, 1], crash)
    assert.deepEqual(approve([1], crash), [{ verdict: 'ignore', reason: 'known' }])
    assert.equal(book.ratification(), null)
    approve([3], crash)
    const ratification = book.ratification()
    assert.ok(ratification)
    assert.ok(isOpenedAmendment(openRatification(ratification, amendmentView(regimeOf(facts)))))
  })

  it('keeps several open amendments apart, and of two ratified ones takes the lowest id', () => {
    const { book, approve } = open()
    approve([0, 1], crash)
    approve([2, 3], joining)
    assert.equal(book.ratification(), null)
    approve([0, 1], joining)
    approve([2], crash)
    const [lowest] = book.open
    const ratification = book.ratification()
    assert.ok(lowest && ratification)
    const opened = openRatification(ratification, amendmentView(regimeOf(facts)))
    assert.ok(isOpenedAmendment(opened) && String(opened.id) === String(lowest.id))
  })

  it('keeps four open amendments of a member at most', () => {
    const { approve } = open()
    for (const collectMs of [1, 2, 3, 4]) assert.equal(approve([0], { round: { collectMs } })[0]?.verdict, 'accept')
    assert.deepEqual(approve([0], crash), [{ verdict: 'ignore', reason: 'approval-limit' }])
    assert.equal(approve([1], crash)[0]?.verdict, 'accept')
  })

  it('forgets what another one overtook, and what its author can no longer ratify', () => {
    const { book, approve, move } = open()
    approve([0, 1], crash)
    approve([3], joining)
    const removal: Change = { remove: [net.members[3]?.publicKey ?? newcomer.publicKey] }
    const one = nextRegime(regimeOf(facts), ratifiedBy(net.members.slice(0, 3), net, removal))
    assert.ok(move(one))
    const sizes = () => book.open.map(({ approvals }) => approvals.size)
    assert.deepEqual(sizes(), [])
    const { last } = one
    approve([3, 0], joining, last)
    assert.deepEqual(sizes(), [2], 'still a member in this round')
    move(nextRegime(one, undefined))
    assert.deepEqual(sizes(), [1])
  })
})

describe('createTermsBook', () => {
  it('knows the terms of every round of a chain, and follows it as it grows', () => {
    const add = ratifiedBy(net.members.slice(0, 3), net, joining)
    const previous = idOf(amendmentOf(net, joining))
    const remove = ratifiedBy(net.members.slice(0, 3), net, { remove: [newcomer.publicKey] }, previous)
    const entry = (round: number) => ({ round, base: testCid(`${round}`), certificate: new Uint8Array() })
    const entries = [entry(1), { ...entry(2), amendment: add }, entry(3)]
    const terms = createTermsBook(facts, { entries })
    const sizes = (rounds: readonly number[]) => rounds.map((round) => terms.at(round).members.length)
    assert.deepEqual(sizes([1, 2, 3, 4, 5, 9]), [4, 4, 4, 5, 5, 5])
    entries.push({ ...entry(4), amendment: remove })
    assert.deepEqual(sizes([3, 4, 5, 6, 7]), [4, 5, 5, 4, 4])
    assert.deepEqual(
      [terms.regime.own, terms.regime.current, terms.regime.next].map((one) => one.members.length),
      [5, 5, 4],
    )
  })
})
