import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { createHistory } from '../../../../../src/peer/history/history.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyOptions } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { SMALL_LAYOUT } from '../../../../support/history/checkpoints.ts'
import { ratifiedBy } from '../../../../support/protocols/amendments.ts'
import { type TestKey, testKey } from '../../../../support/protocols/network.ts'

/** Four members, of which the fourth never signs; from round 3 on the first is gone. */
let chain: TestChain
let members: readonly TestKey[]
before(async () => {
  const start = await startChain('trusted', {}, SMALL_LAYOUT)
  members = start.net.members
  const [gone] = members
  assert.ok(gone)
  const amendment = ratifiedBy(members.slice(0, 3), start.net, { remove: [gone.publicKey] })
  chain = start
  for (let round = 1; round <= 4; round++) {
    const seeds = [2 * round, 2 * round + 1]
    chain = await addRound(chain, round === 1 ? { seeds, amendment } : { seeds })
  }
})

const keysOf = (...indexes: readonly number[]) => indexes.map((index) => toHex((members[index] ?? key()).publicKey))
const key = () => testKey('somebody')

async function verify(round: number, options: VerifyOptions) {
  const { network, store, entries } = chain
  const { base, certificate } = entries[round - 1] ?? { base: network.genesis.base, certificate: null }
  return await verifyBase({ network, store, base, certificate, level: 'signatures', ...options })
}

/** What the report says of trust, and the failures. */
async function said(round: number, options: VerifyOptions) {
  const { valid, trusted, trust, failures } = await verify(round, options)
  return { valid, trusted, ...trust, failures: failures.map((failure) => `${failure.round} ${failure.link}`) }
}

describe('trust of a base', () => {
  it('is nobody’s where nobody was named: the base is consistent, no more', async () => {
    assert.deepEqual(await said(1, {}), { valid: true, trusted: false, genesis: null, keys: null, failures: [] })
  })

  it('is in the genesis that was named, and in no other', async () => {
    const { network } = chain
    assert.deepEqual(await said(1, { trust: String(network.id) }), {
      ...{ valid: true, trusted: true, genesis: true, keys: null, failures: [] },
    })
    assert.deepEqual(await said(1, { trust: String(network.genesis.base) }), {
      ...{ valid: false, trusted: false, genesis: false, keys: null, failures: ['0 genesis'] },
    })
  })

  it('is in keys when f + 1 of them signed its certificate', async () => {
    const enough = { valid: true, trusted: true, genesis: null, keys: { named: 2, signed: 2, need: 2 }, failures: [] }
    assert.deepEqual(await said(1, { trustKeys: keysOf(0, 2) }), enough)
    const all = await said(1, { trustKeys: [...keysOf(0, 1, 2, 3), toHex(key().publicKey)] })
    assert.deepEqual([all.trusted, all.keys], [true, { named: 5, signed: 3, need: 2 }])
  })

  it('is not in one key, in one key named twice, in a member that did not sign, or in a stranger', async () => {
    const one = { valid: false, trusted: false, genesis: null, failures: ['1 certificate'] }
    assert.deepEqual(await said(1, { trustKeys: keysOf(0) }), { ...one, keys: { named: 1, signed: 1, need: 2 } })
    const twice = [...keysOf(0), ...keysOf(0).map((hex) => hex.toUpperCase())]
    assert.deepEqual(await said(1, { trustKeys: twice }), { ...one, keys: { named: 1, signed: 1, need: 2 } })
    assert.deepEqual(await said(1, { trustKeys: keysOf(0, 3) }), { ...one, keys: { named: 2, signed: 1, need: 2 } })
    const stranger = [toHex(key().publicKey), ...keysOf(1)]
    assert.deepEqual(await said(1, { trustKeys: stranger }), { ...one, keys: { named: 2, signed: 1, need: 2 } })
  })

  it('goes by the committee and the quorum of the base’s round', async () => {
    // three members, of which none may lie: one key is enough, from the round on in which the fourth is gone
    assert.deepEqual((await said(2, { trustKeys: keysOf(1) })).keys, { named: 1, signed: 1, need: 2 })
    assert.deepEqual(await said(3, { trustKeys: keysOf(1) }), {
      ...{ valid: true, trusted: true, genesis: null, keys: { named: 1, signed: 1, need: 1 }, failures: [] },
    })
    const gone = await said(4, { trustKeys: keysOf(0) })
    assert.deepEqual([gone.trusted, gone.keys], [false, { named: 1, signed: 0, need: 1 }])
  })

  it('is in no key for the base of round 0, which nobody signs', async () => {
    const report = await verify(0, { trustKeys: keysOf(0, 1, 2) })
    assert.deepEqual([report.valid, report.trusted, report.trust.keys?.signed], [false, false, 0])
    assert.deepEqual(
      report.failures.map(({ round, link }) => [round, link]),
      [[0, 'genesis']],
    )
    assert.match(report.failures[0]?.reason ?? '', /nobody signs the base of round 0/)
  })

  it('takes all that was named to hold', async () => {
    const { network } = chain
    const both = { trust: String(network.id), trustKeys: keysOf(0) }
    assert.deepEqual((await said(1, both)).trusted, false)
    assert.deepEqual((await said(1, { ...both, trustKeys: keysOf(0, 1) })).trusted, true)
    const other = { trust: String(network.genesis.base), trustKeys: keysOf(0, 1) }
    assert.deepEqual((await said(1, other)).trusted, false)
  })

  it('is in no key where the certificate does not hold', async () => {
    const { network, store, entries } = chain
    const [first, second] = entries
    assert.ok(first && second)
    const { base } = second
    const options = { network, store, base, certificate: first.certificate, level: 'signatures' } as const
    const report = await verifyBase({ ...options, trustKeys: keysOf(0, 1, 2) })
    assert.deepEqual([report.certified, report.trusted, report.trust.keys?.signed], [false, false, 0])
  })

  it('is in the network of a data directory, unless the caller names somebody', async () => {
    const { network, store, entries } = chain
    const history = createHistory({ network, genesisBytes: new Uint8Array(), store, chain: { entries } })
    const base = String(entries[0]?.base)
    const ask = async (options: VerifyOptions) =>
      (await history.verify(base, { level: 'signatures', ...options })).trust
    assert.deepEqual(await ask({}), { genesis: true, keys: null })
    assert.deepEqual(await ask({ trustKeys: keysOf(0, 1) }), {
      genesis: null,
      keys: { named: 2, signed: 2, need: 2 },
    })
  })

  it('refuses what is no key', async () => {
    for (const text of ['', 'ab', 'g'.repeat(64), 'a'.repeat(66)]) {
      await assert.rejects(verify(1, { trustKeys: [text] }), (error) => isColdmeshError(error, 'bad-input'))
    }
  })
})
