import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ContributionView, judgeContribution, judgeTerms } from '../../../../protocols/contribution/rules.ts'
import { equalBytes, equalCids } from '../../../../protocols/wire/bytes.ts'
import { ACCEPT, ignore, reject } from '../../../../protocols/wire/verdict.ts'
import { contributionBy } from '../../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()
const key = testKey('contributor')
const baseWeights = testCid('weights', 'file')

const view = (overrides: Partial<ContributionView> = {}): ContributionView => ({
  round: 1,
  base: net.genesis.base,
  bytes: net.genesis.bytes,
  contributors: 'open',
  isMember: () => false,
  judgeVoucher: () => ACCEPT,
  parentOf: (parent) => (equalCids(parent, net.genesis.base) ? { staleness: 0, weights: baseWeights } : null),
  isSpent: () => false,
  isKnown: () => false,
  countByAuthor: () => 0,
  ...overrides,
})

const by = (overrides: Parameters<typeof contributionBy>[2] = {}) => contributionBy(key, net, overrides)

describe('judgeContribution', () => {
  it('accepts a contribution trained from the round’s base', () => {
    assert.deepEqual(judgeContribution(by(), view()), ACCEPT)
  })

  it('rejects a checkpoint of another size', () => {
    assert.deepEqual(judgeContribution(by({ bytes: 9 }), view()), reject('wrong-size'))
  })

  it('rejects an author that is not listed', () => {
    const listed = (...keys: readonly Uint8Array[]) => judgeContribution(by(), view({ contributors: keys }))
    assert.deepEqual(listed(testKey('somebody').publicKey), reject('not-a-contributor'))
    assert.deepEqual(listed(testKey('somebody').publicKey, key.publicKey), ACCEPT)
  })

  it('rejects a voucher where contributors are open or listed', () => {
    const vouched = by({ voucher: new Uint8Array(1) })
    assert.deepEqual(judgeContribution(vouched, view({ isKnown: () => true })), reject('unsupported-voucher'))
    assert.deepEqual(judgeContribution(vouched, view({ contributors: [key.publicKey] })), reject('unsupported-voucher'))
  })

  it('wants a voucher of strangers, and of members none', () => {
    const contributors = 'vouched'
    const isMember = (other: Uint8Array) => equalBytes(other, key.publicKey)
    assert.deepEqual(judgeContribution(by(), view({ contributors })), reject('no-voucher'))
    assert.deepEqual(judgeContribution(by(), view({ contributors, isMember })), ACCEPT)
  })

  it('asks about the voucher for the author, a member’s too, and about nothing else', () => {
    const asked: (readonly [Uint8Array, Uint8Array])[] = []
    const judgeVoucher: ContributionView['judgeVoucher'] = (...question) => {
      asked.push(question)
      return reject('voucher-expired')
    }
    const voucher = Uint8Array.of(7)
    const terms = { contributors: 'vouched', isMember: () => true, judgeVoucher } as const
    assert.deepEqual(judgeContribution(by({ voucher }), view(terms)), reject('voucher-expired'))
    assert.deepEqual(asked, [[voucher, key.publicKey]])
  })

  it('blames nobody for what held in another round, and keeps what may hold in a later one', () => {
    const judged = (round: number) => judgeContribution(by({ round: 5 }), view({ round, contributors: 'vouched' }))
    assert.deepEqual(judged(5), reject('no-voucher'))
    assert.deepEqual(judged(4), ignore('future-round'))
    assert.deepEqual(judged(6), ignore('no-voucher'))
  })

  // Faults 5-7.
  it('ignores what is known, future or late', () => {
    assert.deepEqual(judgeContribution(by(), view({ isKnown: () => true })), ignore('known'))
    assert.deepEqual(judgeContribution(by({ round: 2 }), view()), ignore('future-round'))
    const nextBase = view({ round: 2, parentOf: () => null })
    assert.deepEqual(judgeContribution(by(), nextBase), ignore('past-round'))
  })

  it('accepts a contribution to an earlier round whose weights are still the base’s', () => {
    assert.deepEqual(judgeContribution(by(), view({ round: 3 })), ACCEPT)
  })

  it('accepts a late one, and ignores it once its checkpoint was in a base', () => {
    const late = view({ round: 3, parentOf: () => ({ staleness: 2, weights: testCid('older', 'file') }) })
    assert.deepEqual(judgeContribution(by(), late), ACCEPT)
    assert.deepEqual(judgeContribution(by(), { ...late, isSpent: () => true }), ignore('replay'))
    // What is not late is listed and left out, as ever.
    assert.deepEqual(judgeContribution(by(), view({ isSpent: () => true })), ACCEPT)
  })

  it('rejects the weights that a late one was trained from', () => {
    const older = testCid('older', 'file')
    const late = view({ round: 3, parentOf: () => ({ staleness: 2, weights: older }) })
    assert.deepEqual(judgeContribution(by({ checkpoint: older }), late), reject('no-change'))
  })

  it('rejects a parent that is not the round’s base', () => {
    assert.deepEqual(judgeContribution(by({ parent: testCid('elsewhere') }), view()), reject('wrong-parent'))
  })

  it('rejects the base’s own weights', () => {
    assert.deepEqual(judgeContribution(by({ checkpoint: baseWeights }), view()), reject('no-change'))
  })

  it('ignores a third contribution of one author', () => {
    assert.deepEqual(judgeContribution(by(), view({ countByAuthor: () => 1 })), ACCEPT)
    assert.deepEqual(judgeContribution(by(), view({ countByAuthor: () => 2 })), ignore('author-limit'))
  })
})

describe('judgeTerms', () => {
  it('does not ask which round it is', () => {
    const terms = view()
    assert.deepEqual(judgeTerms(by({ round: 99, parent: testCid('elsewhere') }).message, terms), ACCEPT)
    assert.deepEqual(judgeTerms(by({ bytes: 9 }).message, terms), reject('wrong-size'))
  })
})
