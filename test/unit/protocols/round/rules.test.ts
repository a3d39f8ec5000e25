import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type InclusionList,
  type Proposal,
  precommit,
  prevote,
  proposal,
} from '../../../../protocols/round/messages.ts'
import { judgeRoundMessage, MAX_VIEWS_AHEAD, type RoundView } from '../../../../protocols/round/rules.ts'
import { compareCids, equalBytes } from '../../../../protocols/wire/bytes.ts'
import { ACCEPT, ignore, reject } from '../../../../protocols/wire/verdict.ts'
import { listBy } from '../../../support/protocols/messages.ts'
import { sign, type TestKey, testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()
const { network, members } = net
const [first, second] = members
assert.ok(first && second)

/** Members take turns in the order of the genesis, to see that the judge asks the view. */
const view = (overrides: Partial<RoundView> = {}): RoundView => ({
  round: 1,
  view: 0,
  base: net.genesis.base,
  maxContributions: () => 2,
  isMember: (key) => members.some(({ publicKey }) => equalBytes(publicKey, key)),
  aggregator: (number) => members[number % members.length]?.publicKey ?? assert.fail(),
  isKnown: () => false,
  listOf: () => null,
  ...overrides,
})

const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => testCid(name, 'message')).sort(compareCids)
const list = (overrides: Parameters<typeof listBy>[3] = {}, key = first) => listBy(key, net, [], overrides)
const vote = { network, round: 1, view: 0, base: testCid('next') }
const propose = (overrides: Partial<Proposal> = {}, key: TestKey = first) =>
  sign(proposal, { ...vote, validView: null, lineage: testCid('lineage', 'raw'), ...overrides }, key)
const stranger = testKey('stranger')

describe('judgeRoundMessage', () => {
  it('accepts lists, proposals and votes of members', () => {
    for (const signed of [list(), propose(), sign(prevote, vote, second), sign(precommit, vote, second)]) {
      assert.deepEqual(judgeRoundMessage(signed, view()), ACCEPT)
    }
  })

  it('rejects whatever a stranger says, in any round', () => {
    for (const round of [0, 1, 2].map((ahead) => ahead + 1)) {
      const signed = sign(prevote, { ...vote, round }, stranger)
      assert.deepEqual(judgeRoundMessage(signed, view({ round: 2 })), reject('not-a-member'))
    }
  })

  it('ignores what is known, past or future', () => {
    const signed = sign(prevote, { ...vote, round: 2 }, first)
    assert.deepEqual(judgeRoundMessage(signed, view({ round: 2, isKnown: () => true })), ignore('known'))
    assert.deepEqual(judgeRoundMessage(signed, view({ round: 1 })), ignore('future-round'))
    assert.deepEqual(judgeRoundMessage(signed, view({ round: 3 })), ignore('past-round'))
  })

  it('rejects unsorted, repeated and overlong lists of any round', () => {
    const [a, b] = ids
    assert.ok(a && b)
    for (const round of [1, 2]) {
      const judged = (contributions: InclusionList['contributions']) =>
        judgeRoundMessage(list({ contributions, round }), view())
      assert.deepEqual(judged([b, a]), reject('unsorted-list'))
      assert.deepEqual(judged([a, a]), reject('unsorted-list'))
      assert.deepEqual(judged(ids), reject('too-many-listed'))
    }
    assert.deepEqual(judgeRoundMessage(list({ contributions: ids.slice(0, 4) }), view()), ACCEPT)
  })

  it('rejects a list for another base, when the round is ours', () => {
    const elsewhere = { parent: testCid('elsewhere') }
    assert.deepEqual(judgeRoundMessage(list(elsewhere), view()), reject('wrong-parent'))
    assert.deepEqual(judgeRoundMessage(list({ ...elsewhere, round: 2 }), view()), ignore('future-round'))
  })

  it('ignores a list that is not newer, and rejects one that drops an entry', () => {
    const held = list({ seq: 3, contributions: ids.slice(0, 2) }).message
    const listOf = () => held
    assert.deepEqual(
      judgeRoundMessage(list({ seq: 3, contributions: ids.slice(0, 3) }), view({ listOf })),
      ignore('older-list'),
    )
    assert.deepEqual(judgeRoundMessage(list({ seq: 2 }), view({ listOf })), ignore('older-list'))
    assert.deepEqual(
      judgeRoundMessage(list({ seq: 4, contributions: ids.slice(1, 4) }), view({ listOf })),
      reject('dropped-entry'),
    )
    assert.deepEqual(judgeRoundMessage(list({ seq: 4, contributions: ids.slice(0, 4) }), view({ listOf })), ACCEPT)
    assert.deepEqual(judgeRoundMessage(list({ seq: 4, contributions: ids.slice(0, 2) }), view({ listOf })), ACCEPT)
  })

  it('rejects a proposal by anyone but the view’s aggregator', () => {
    assert.deepEqual(judgeRoundMessage(propose({}, second), view()), reject('not-the-aggregator'))
    assert.deepEqual(judgeRoundMessage(propose({ view: 1 }, second), view()), ACCEPT)
    assert.deepEqual(judgeRoundMessage(propose({ view: 4 }), view()), ACCEPT)
  })

  it('rejects a proposal that was valid in no earlier view', () => {
    for (const validView of [4, 5]) {
      assert.deepEqual(judgeRoundMessage(propose({ view: 4, validView }), view()), reject('valid-view-not-earlier'))
    }
    assert.deepEqual(judgeRoundMessage(propose({ view: 4, validView: 3 }), view()), ACCEPT)
  })

  it('ignores proposals and votes of views far ahead', () => {
    const last = { ...vote, view: 5 + MAX_VIEWS_AHEAD }
    assert.deepEqual(judgeRoundMessage(sign(prevote, last, first), view({ view: 5 })), ACCEPT)
    const beyond = { ...vote, view: 6 + MAX_VIEWS_AHEAD }
    assert.deepEqual(judgeRoundMessage(sign(precommit, beyond, first), view({ view: 5 })), ignore('far-view'))
    assert.deepEqual(
      judgeRoundMessage(sign(prevote, { ...vote, view: 1000 }, first), view({ view: -1 })),
      ignore('far-view'),
    )
  })
})
