import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { contribution } from '../../../../../protocols/contribution/messages.ts'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical } from '../../../../../protocols/wire/codec.ts'
import { bytes, record } from '../../../../../protocols/wire/fields.ts'
import { readLog } from '../../../../../src/peer/history/log.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { collect } from '../../../../support/history/collect.ts'
import { contributionBy, voucherBy } from '../../../../support/protocols/messages.ts'
import { sign, type TestKey, testKey } from '../../../../support/protocols/network.ts'

let start: TestChain
let member: TestKey
let honest: TestChain

const contributor = testKey('contributor 1')
const envelopeFields = record({ payload: bytes({ atMost: 4096 }), signature: bytes({ exactly: 64 }) })
const openPlain = (envelope: Uint8Array) => envelopeFields.read(decodeCanonical(envelope, 4096), 'envelope')
const voucherOf = (by: TestKey, key: TestKey, range = {}) => voucherBy(by, start.net, key, range).envelope

async function verified(chain: TestChain) {
  const { network, store, entries } = chain
  const newest = entries.at(-1)
  assert.ok(newest)
  return await verifyBase({ network, store, ...newest, level: 'signatures' })
}

/** What verifying says of a round whose quorum put another contribution of contributor 1 in. */
async function reasonsWith(envelopeOf: (envelope: Uint8Array) => Uint8Array): Promise<readonly string[]> {
  const chain = await addRound(start, {
    voucherFor: (key) => voucherOf(member, key),
    lie: {
      lineage: (lineage) => {
        const isOurs = (envelope: Uint8Array) =>
          toHex(contribution.decode(openPlain(envelope).payload).author) === toHex(contributor.publicKey)
        return { ...lineage, inputs: lineage.inputs.map((input) => (isOurs(input) ? envelopeOf(input) : input)) }
      },
    },
  })
  const { valid, failures } = await verified(chain)
  assert.equal(valid, false)
  return failures.filter(({ link }) => link.startsWith('contribution')).map(({ reason }) => reason)
}

/** The contributor signs it again: what somebody would do who helps a lying quorum. */
const signedWith = (voucher: Uint8Array) => (envelope: Uint8Array) =>
  sign(contribution, { ...contribution.decode(openPlain(envelope).payload), voucher }, contributor).envelope

describe('the history of a network with vouched contributors', () => {
  before(async () => {
    start = await startChain('vouched', { contributors: 'vouched' })
    const [first] = start.net.members
    assert.ok(first)
    member = first
    honest = await addRound(start, {
      voucherFor: (key, round) => voucherOf(member, key, { from: round, until: round }),
    })
  })

  it('verifies, and its log names who vouched for each input', async () => {
    const report = await verified(honest)
    assert.deepEqual(report.failures, [])
    assert.ok(report.valid)
    const newest = honest.entries.at(-1)
    assert.ok(newest)
    const [entry] = await collect(readLog({ termsAt: () => honest.network, ...honest, ...newest }))
    assert.deepEqual(
      entry?.inputs.map(({ vouchedBy }) => vouchedBy),
      [1, 2, 3].map(() => toHex(member.publicKey)),
    )
  })

  // Fault 60: a quorum that lies can certify such a base, and every later verifier names the contribution.
  it('does not verify with another voucher spliced in, whoever signed the contribution around it', async () => {
    const spliced = (envelope: Uint8Array) => {
      const { payload, signature } = openPlain(envelope)
      const message = { ...contribution.decode(payload), voucher: voucherOf(member, testKey('other')) }
      return encodeCanonical({ payload: contribution.encode(message), signature })
    }
    assert.deepEqual(await reasonsWith(spliced), ['bad-signature'])
    const cases: readonly (readonly [Uint8Array, string])[] = [
      [voucherOf(member, testKey('other')), 'voucher-for-another'],
      [voucherOf(member, contributor, { from: 2, until: 5 }), 'voucher-not-yet'],
      [voucherOf(contributor, contributor), 'voucher-not-by-a-member'],
      [contributionBy(contributor, start.net).envelope.subarray(0, 400), 'voucher-not-cbor'],
    ]
    for (const [voucher, reason] of cases) assert.deepEqual(await reasonsWith(signedWith(voucher)), [reason])
  })

  it('does not verify without a voucher', async () => {
    const without = (envelope: Uint8Array) => {
      const { voucher: _, ...fields } = contribution.decode(openPlain(envelope).payload)
      return sign(contribution, fields, contributor).envelope
    }
    assert.deepEqual(await reasonsWith(without), ['no-voucher'])
  })
})
