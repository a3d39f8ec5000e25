import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { genesis } from '../../../../protocols/genesis/messages.ts'
import { judgeGenesis, largestLineage } from '../../../../protocols/genesis/rules.ts'
import { lineage } from '../../../../protocols/lineage/messages.ts'
import { fromHex } from '../../../../protocols/wire/bytes.ts'
import { MAX_LINEAGE_BYTES } from '../../../../protocols/wire/limits.ts'
import { ACCEPT, reject } from '../../../../protocols/wire/verdict.ts'
import { lineageFields } from '../../../support/protocols/lineage.ts'
import { contributionBy, listBy } from '../../../support/protocols/messages.ts'
import { testCid, testKeys, testNetwork } from '../../../support/protocols/network.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

const judged = (overrides: Parameters<typeof testNetwork>[0]) => judgeGenesis(testNetwork(overrides).genesis)

describe('judgeGenesis', () => {
  it('accepts committees of 1 to 64', () => {
    for (const members of [1, 2, 3, 4, 64]) assert.deepEqual(judged({ members }), ACCEPT)
  })

  it('rejects members that are not distinct', () => {
    const [a, b] = testKeys(2)
    assert.ok(a && b)
    assert.deepEqual(judged({ members: [a, { ...a, name: 'other' }] }), reject('duplicate-member-key'))
    assert.deepEqual(judged({ members: [a, { ...b, name: a.name }] }), reject('duplicate-member-name'))
  })

  it('rejects keys that anyone could sign for', () => {
    const [a] = testKeys(1)
    assert.ok(a)
    const zero = new Uint8Array(32)
    assert.deepEqual(judged({ members: [{ ...a, publicKey: zero }] }), reject('bad-member-key'))
    assert.deepEqual(judged({ contributors: [a.publicKey, zero] }), reject('bad-contributor-key'))
  })

  // fault 54: every encoding of small order, and every y of p or more
  it('rejects each key that is refused, as a member and as a contributor', () => {
    const [a] = testKeys(1)
    const { rejected } = readVectors<{ rejected: { name: string; hex: string }[] }>('wire/keys.v1.json')
    assert.ok(a && rejected.length > 40)
    for (const { name, hex } of rejected) {
      const publicKey = fromHex(hex) ?? new Uint8Array()
      if (publicKey.length !== 32) continue
      assert.deepEqual(judged({ members: [a, { name: 'x', seed: a.seed, publicKey }] }), reject('bad-member-key'), name)
      assert.deepEqual(judged({ contributors: [publicKey] }), reject('bad-contributor-key'), name)
    }
  })

  it('accepts vouched contributors', () => assert.deepEqual(judged({ contributors: 'vouched' }), ACCEPT))

  it('rejects what this version does not know, rather than running without it', () => {
    assert.deepEqual(judged({ fusion: { rule: 'mean/2', params: {} } }), reject('unsupported-rule'))
  })

  it('accepts a gate, and late contributions whose parents are remembered and kept', () => {
    const round = { maxStaleness: 3, historyRounds: 4, keepRounds: 4 }
    assert.deepEqual(judged({ gate: { maxDrop: 0 }, round }), ACCEPT)
    assert.deepEqual(judged({ round: { ...round, maxStaleness: 4 } }), reject('staleness-above-history'))
    assert.deepEqual(judged({ round: { ...round, keepRounds: 3 } }), reject('keep-below-history'))
    assert.deepEqual(judged({ round: { ...round, maxStaleness: 0, keepRounds: 1 } }), ACCEPT)
  })

  it('rejects a policy whose lineage could outgrow its limit, which the limits of the fields already prevent', () => {
    const { genesis: read } = testNetwork({ members: 3 })
    const beyond = { ...read, round: { ...read.round, maxContributions: 100 } }
    assert.deepEqual(judgeGenesis(beyond), reject('lineage-too-large'))
  })

  it('judges the bytes alone: reading again changes nothing', () => {
    const { bytes } = testNetwork()
    assert.deepEqual(judgeGenesis(genesis.decode(bytes)), ACCEPT)
  })
})

describe('largestLineage', () => {
  it('fits its limit for every committee and policy that the fields allow', () => {
    for (let members = 1; members <= 64; members++) {
      for (const quorum of ['byzantine', 'crash'] as const) {
        const { genesis } = testNetwork({ members, quorum, round: { maxContributions: 64 } })
        assert.ok(largestLineage(genesis) <= MAX_LINEAGE_BYTES, `${members} members, ${quorum}`)
      }
    }
  })

  it('is no less than a lineage whose every list is full', () => {
    const net = testNetwork({ members: 3, round: { maxContributions: 4 } })
    const providers = Array.from({ length: 4 }, (_, i) => `/dns4/${'a'.repeat(180)}${i}/tcp/1`)
    const of = (label: string) => testKeys(8, label).map((key) => contributionBy(key, net, { providers }))
    const all = [of('a'), of('b'), of('c')]
    const lists = net.members.map((member, i) => listBy(member, net, all[i] ?? []))
    const round = { net, round: 1, base: net.genesis.base, baseWeights: testCid('weights', 'file') }
    const fields = lineageFields(round, lists, all.flat())
    assert.equal(fields.inputs.length + fields.excluded.length, 24)
    const { length } = lineage.encode(fields)
    assert.ok(length <= largestLineage(net.genesis), `${length} bytes`)
  })
})
