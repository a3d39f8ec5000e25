import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseInvite } from '../../../../protocols/membership/invite.ts'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { readConfig } from '../../../../src/adapters/config/config.ts'
import { createSigner } from '../../../../src/adapters/system/signer.ts'
import { initDataDir } from '../../../../src/peer/data-dir.ts'
import { openOwnVoucher } from '../../../../src/peer/own-voucher.ts'
import { permissionOf, readInvitedVoucher, requirePermission } from '../../../../src/peer/permission.ts'
import { type Inviter, vouchFor } from '../../../../src/peer/vouch.ts'
import { networkFacts } from '../../../../src/rounds/network.ts'
import { voucherBy } from '../../../support/protocols/messages.ts'
import { type TestNetwork, testKey, testNetwork } from '../../../support/protocols/network.ts'

const vouched = testNetwork({ contributors: 'vouched' })
const [member] = vouched.members
const contributor = testKey('contributor')
const key = contributor.publicKey
const text = toHex(key)
const addresses = ['/ip4/192.0.2.1/tcp/4001']

function inviterOf({ network, genesis }: TestNetwork, round = 5, by = member): Inviter {
  assert.ok(by)
  return { network: networkFacts(network, genesis), round, signer: createSigner(by.seed), addresses }
}
const asking = (round: number, voucher: Uint8Array | null, net = vouched) => {
  return { network: networkFacts(net.network, net.genesis), round, key, voucher }
}
const voucherFor = (range: { from?: number; until?: number }, by = member) => {
  assert.ok(by)
  return voucherBy(by, vouched, contributor, range).envelope
}
const refusal =
  (pattern: RegExp, hint = /./) =>
  (error: unknown) => {
    assert.ok(error instanceof Error && 'code' in error && 'hint' in error)
    assert.equal(error.code, 'bad-input')
    assert.match(error.message, pattern)
    assert.match(String(error.hint), hint)
    return true
  }

describe('vouchFor', () => {
  it('makes an invite with a voucher for that key, from the round being run', () => {
    const {
      invite,
      contributor: whom,
      from,
      until,
    } = vouchFor({ for: text.toUpperCase(), rounds: 20 }, inviterOf(vouched))
    assert.deepEqual([whom, from, until], [text, 5, 24])
    const { voucher, addresses: written } = parseInvite(invite)
    assert.deepEqual(written, addresses)
    assert.ok(voucher)
    assert.deepEqual(permissionOf(asking(24, voucher)), {
      contributors: 'vouched',
      granted: true,
      reason: null,
      until: 24,
      by: 'member-0',
    })
    assert.equal(permissionOf(asking(25, voucher)).reason, 'voucher-expired')
    assert.equal(vouchFor({ for: text }, inviterOf(vouched)).until, 104)
  })

  it('says plainly where no voucher is needed, or none helps', () => {
    const refuses = (net: TestNetwork, pattern: RegExp, hint?: RegExp, by = member) =>
      assert.throws(() => vouchFor({ for: text }, inviterOf(net, 1, by)), refusal(pattern, hint))
    refuses(testNetwork(), /open: anyone may contribute/, /coldmesh invite is enough/)
    refuses(testNetwork({ contributors: [key] }), /listed: it may contribute without/)
    refuses(testNetwork({ contributors: [testKey('x').publicKey] }), /not among them/, /amendment/)
    refuses(vouched, /Only members/, /member-0, member-1/, contributor)
    const members = [...vouched.members, contributor]
    refuses(testNetwork({ contributors: 'vouched', members }), /is a member/)
  })

  // Fault 54: an all-zero key, and others that anyone could sign for.
  it('vouches for no key that is none', () => {
    for (const wrong of ['', 'ab', 'zz'.repeat(32), '00'.repeat(32), `01${'00'.repeat(31)}`]) {
      assert.throws(() => vouchFor({ for: wrong }, inviterOf(vouched)), refusal(/64 hexadecimal digits/))
    }
    for (const rounds of [0, 1.5, 10_001]) {
      assert.throws(() => vouchFor({ for: text, rounds }, inviterOf(vouched)), refusal(/1 to 10000 rounds/))
    }
  })
})

describe('requirePermission', () => {
  it('names the reason and whom to ask, before anything is trained', () => {
    const whom = new RegExp(`member-0, member-1.*coldmesh invite --for ${text}`)
    const ask =
      (...question: Parameters<typeof asking>) =>
      () =>
        requirePermission(asking(...question))
    assert.throws(ask(1, null), refusal(/need the voucher.*\(no-voucher\)/, whom))
    assert.throws(ask(9, voucherFor({ until: 8 })), refusal(/held until round 8 \(voucher-expired\)/, whom))
    assert.throws(ask(1, voucherFor({ from: 3 })), refusal(/holds from round 3 \(voucher-not-yet\)/, whom))
    assert.throws(ask(1, voucherFor({}, contributor)), refusal(/is no member \(voucher-not-by-a-member\)/, whom))
    const listed = testNetwork({ contributors: [testKey('x').publicKey] })
    assert.throws(ask(1, null, listed), refusal(/\(not-a-contributor\)/, /amendment/))
  })

  it('gives the voucher where one is asked for, and none elsewhere', () => {
    const voucher = voucherFor({})
    assert.equal(requirePermission(asking(1, voucher)), voucher)
    assert.equal(requirePermission(asking(1, voucher, testNetwork())), null)
    assert.ok(member)
    assert.equal(requirePermission({ ...asking(1, voucher), key: member.publicKey }), null)
  })
})

describe('readInvitedVoucher', () => {
  it('names both keys when an invite is for another one', () => {
    const other = testKey('other').publicKey
    const read = () => readInvitedVoucher(voucherFor({}), vouched.network, other)
    assert.throws(read, refusal(new RegExp(`${text}.*${toHex(other)}`), new RegExp(toHex(other))))
  })

  it('refuses one that is damaged or of another network', () => {
    const damaged = voucherFor({}).map((byte, i) => (i === 100 ? byte ^ 1 : byte))
    assert.throws(() => readInvitedVoucher(damaged, vouched.network, key), refusal(/does not hold: voucher-/))
    assert.throws(() => readInvitedVoucher(voucherFor({}), testNetwork().network, key), refusal(/wrong-network/))
  })
})

describe('a peer’s own voucher', () => {
  it('is kept in its config, and an older invite does not replace a newer one that holds', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'coldmesh-vouch-'))
    try {
      await initDataDir(dir)
      const own = await openOwnVoucher(dir)
      assert.equal(own.envelope, null)
      const { voucher: _, ...now } = asking(5, null)
      await own.take(voucherFor({ until: 4 }), now)
      await own.take(voucherFor({ until: 50 }), now)
      await own.take(voucherFor({ until: 20 }), now)
      assert.equal(toHex((await openOwnVoucher(dir)).envelope ?? new Uint8Array()), toHex(voucherFor({ until: 50 })))
      // What does not hold any more is worth nothing, however long it says.
      await own.take(voucherFor({ from: 60, until: 900 }), now)
      await own.take(voucherFor({ until: 20 }), now)
      assert.equal((await readConfig(dir))?.voucher, toHex(voucherFor({ until: 20 })))
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  })
})
