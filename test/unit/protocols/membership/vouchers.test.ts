import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeVoucher, type VoucherView } from '../../../../protocols/membership/vouchers.ts'
import { equalBytes } from '../../../../protocols/wire/bytes.ts'
import { MAX_VOUCHER_ENVELOPE_BYTES } from '../../../../protocols/wire/limits.ts'
import { ACCEPT, reject } from '../../../../protocols/wire/verdict.ts'
import { flipBit } from '../../../support/protocols/flips.ts'
import { voucherBy } from '../../../support/protocols/messages.ts'
import { testKey, testNetwork } from '../../../support/protocols/network.ts'

const net = testNetwork()
const [member] = net.members
const contributor = testKey('contributor')

const view = (overrides: Partial<VoucherView> = {}): VoucherView => ({
  network: net.network,
  round: 1,
  contributor: contributor.publicKey,
  isMember: (key) => net.members.some(({ publicKey }) => equalBytes(publicKey, key)),
  ...overrides,
})

describe('judgeVoucher', () => {
  if (!member) throw new Error('a network has members')
  const { envelope } = voucherBy(member, net, contributor)

  it('accepts a member’s word in the rounds that it names, the first and the last included', () => {
    assert.deepEqual(
      [0, 1, 10, 11].map((round) => judgeVoucher(envelope, view({ round }))),
      [reject('voucher-not-yet'), ACCEPT, ACCEPT, reject('voucher-expired')],
    )
  })

  // Fault 55: replayed for another key, network or round.
  it('rejects it for any key but the one it names', () => {
    const other = view({ contributor: testKey('other').publicKey })
    assert.deepEqual(judgeVoucher(envelope, other), reject('voucher-for-another'))
  })

  it('rejects it in another network', () => {
    const elsewhere = view({ network: testNetwork({ name: 'elsewhere' }).network })
    assert.deepEqual(judgeVoucher(envelope, elsewhere), reject('voucher-wrong-network'))
  })

  // Fault 60: a key that was revoked.
  it('ends when its author leaves the committee', () => {
    assert.deepEqual(judgeVoucher(envelope, view({ isMember: () => false })), reject('voucher-not-by-a-member'))
  })

  it('is never valid with one bit changed', () => {
    for (let bit = 0; bit < 8 * envelope.length; bit++) {
      assert.equal(judgeVoucher(flipBit(envelope, bit), view()).verdict, 'reject', `bit ${bit}`)
    }
  })

  it('fits where contributions and invites carry it, with the largest numbers', () => {
    const until = Number.MAX_SAFE_INTEGER
    const largest = voucherBy(member, net, contributor, { from: until - 1, until })
    assert.ok(largest.envelope.length <= MAX_VOUCHER_ENVELOPE_BYTES)
    assert.deepEqual(judgeVoucher(largest.envelope, view({ round: until })), ACCEPT)
  })
})
