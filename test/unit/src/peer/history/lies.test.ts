import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { Lineage } from '../../../../../protocols/lineage/messages.ts'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { inclusionList } from '../../../../../protocols/round/messages.ts'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, idOf } from '../../../../../protocols/wire/codec.ts'
import { bytes, record } from '../../../../../protocols/wire/fields.ts'
import { baseFile } from '../../../../../src/checkpoint/base.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyLevel, VerifyReport } from '../../../../../src/peer/types.ts'
import {
  addRound,
  type Lie,
  readLineage,
  startChain,
  type TestChain,
  utf8,
} from '../../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes, TEST_LAYOUT } from '../../../../support/history/checkpoints.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'
import { contributionBy, listBy, precommitsBy } from '../../../../support/protocols/messages.ts'
import { testKeys } from '../../../../support/protocols/network.ts'

/** A quorum that lies can certify anything; a verifier must name what it lied about. */

let start: TestChain
before(async () => {
  start = await startChain()
})

const verifyNewest = async ({ network, store, entries }: TestChain, level: VerifyLevel = 'full') => {
  const newest = entries.at(-1)
  assert(newest)
  return await verifyBase({ network, store, ...newest, level })
}

const links = ({ failures }: VerifyReport) => failures.map(({ round, link }) => `${round} ${link}`)

const envelopeFields = record({ payload: bytes({ atMost: 10_000 }), signature: bytes({ exactly: 64 }) })
const openPlain = (envelope: Uint8Array) => envelopeFields.read(decodeCanonical(envelope, 20_000), 'envelope')

function flipSignature(envelope: Uint8Array): Uint8Array {
  const { payload, signature } = openPlain(envelope)
  const flipped = Uint8Array.from(signature)
  flipped[40] = (flipped[40] ?? 0) ^ 1
  return encodeCanonical({ payload, signature: flipped })
}

const replaceFirst = <T>(items: readonly T[], change: (item: T) => T): T[] =>
  items.map((item, i) => (i === 0 ? change(item) : item))

const first = <T>(items: readonly T[]): T => {
  const [item] = items
  assert(item !== undefined)
  return item
}

/** The honest weights of a round that fuses seeds 1, 2 and 3, with one element replaced. */
async function wrongWeights(element: number): Promise<Uint8Array> {
  const tensor = TEST_LAYOUT.tensors.find(({ name }) => name === 'embeddings.weight')
  assert(tensor)
  const dataOfIntegers = first(TEST_LAYOUT.tensors).end
  const files = [1, 2, 3].map(checkpointBytes)
  const values = files.map((file) => new Float32Array(Uint8Array.from(file).buffer, TEST_LAYOUT.dataStart))
  const fused = Uint8Array.from(first(files))
  const out = new Float32Array(fused.buffer, TEST_LAYOUT.dataStart)
  for (let i = 0; i < out.length; i++) {
    if (i * 4 >= dataOfIntegers) out[i] = values.reduce((sum, file) => sum + (file[i] ?? 0), 0) / 3
  }
  out[tensor.begin / 4 + element] = 42.5
  return fused
}

describe('verifyBase of what a lying quorum certified', () => {
  type Case = {
    lie: (chain: TestChain) => Promise<Lie> | Lie
    expect: (honest: Lineage, level: VerifyLevel) => string[]
    reason: RegExp
  }
  const cases: Record<string, Case> = {
    'a card with other bytes': {
      lie: () => ({ card: (card) => Uint8Array.from([...card, 0x0a]) }),
      expect: () => ['1 card'],
      reason: /README\.md/,
    },
    'another config': {
      lie: async ({ store }) => {
        const cid = await importBytes(utf8('{}'), store)
        return {
          shared: (files) => files.map((file) => (file.name === 'config.json' ? baseFile(file.name, cid, 2) : file)),
        }
      },
      expect: () => ['1 file config.json'],
      reason: /other-bytes/,
    },
    'another tokenizer': {
      lie: async ({ store }) => {
        const cid = await importBytes(utf8('{}'), store)
        return {
          shared: (files) => files.map((file) => (file.name === 'tokenizer.json' ? baseFile(file.name, cid, 2) : file)),
        }
      },
      expect: () => ['1 file tokenizer.json'],
      reason: /other-bytes/,
    },
    'a tokenizer left out': {
      lie: () => ({ shared: (files) => files.filter(({ name }) => name !== 'tokenizer.json') }),
      expect: () => ['1 file tokenizer.json'],
      reason: /lacks/,
    },
    'a file added': {
      lie: async ({ store }) => {
        const cid = await importBytes(utf8('a\n'), store)
        return { shared: (files) => [...files, baseFile('vocab.txt', cid, 2)] }
      },
      expect: () => ['1 file vocab.txt'],
      reason: /has no vocab\.txt/,
    },
    'a contribution with a bad signature': {
      lie: () => ({ lineage: (honest) => ({ ...honest, inputs: replaceFirst(honest.inputs, flipSignature) }) }),
      expect: (honest) => [`1 contribution ${idOf(openPlain(first(honest.inputs)).payload)}`],
      reason: /bad-signature/,
    },
    'a list with a bad signature': {
      lie: () => ({ lineage: (honest) => ({ ...honest, lists: replaceFirst(honest.lists, flipSignature) }) }),
      expect: (honest) => [`1 list ${toHex(inclusionList.decode(openPlain(first(honest.lists)).payload).author)}`],
      reason: /bad-signature/,
    },
    "a stranger's list": {
      lie: ({ net }) => ({
        lineage: (honest) => ({
          ...honest,
          lists: replaceFirst(honest.lists, () => listBy(first(testKeys(1, 'stranger')), net, []).envelope),
        }),
      }),
      expect: () => [`1 list ${toHex(first(testKeys(1, 'stranger')).publicKey)}`],
      reason: /not-a-member/,
    },
    'too few lists': {
      lie: () => ({ lineage: (honest) => ({ ...honest, lists: honest.lists.slice(1) }) }),
      expect: () => ['1 lineage'],
      reason: /no-quorum-of-lists/,
    },
    'an input left out': {
      lie: () => ({ lineage: (honest) => ({ ...honest, inputs: honest.inputs.slice(1) }) }),
      // the inputs that are left do not fuse to the honest weights
      expect: (_, level) => ['1 lineage', '1 card', ...(level === 'full' ? ['1 weights'] : [])],
      reason: /not-listed/,
    },
    'another reason for leaving one out': {
      lie: () => ({
        lineage: (honest) => ({
          ...honest,
          excluded: replaceFirst(honest.excluded, ({ envelope }) => ({ envelope, reason: 'lottery' as const })),
        }),
      }),
      expect: () => ['1 lineage', '1 card'],
      reason: /other-exclusions/,
    },
    'another rule': {
      lie: () => ({ lineage: (honest) => ({ ...honest, fusion: { rule: 'median/1', params: {} } }) }),
      expect: () => ['1 lineage'],
      reason: /other-fusion/,
    },
  }
  for (const [name, { lie, expect, reason }] of Object.entries(cases)) {
    it(`names it: ${name}`, async () => {
      const honest = await addRound(start, { isCrowded: true })
      const lineage = await readLineage(honest.store, first(honest.entries).base)
      const chain = await addRound(start, { isCrowded: true, lie: await lie(start) })
      for (const level of ['signatures', 'full'] as const) {
        const report = await verifyNewest(chain, level)
        assert.deepEqual(links(report), expect(lineage, level))
        assert.match(first(report.failures).reason, reason)
        assert.deepEqual([report.valid, report.certified], [false, true])
      }
    })
  }

  for (const [where, element] of [
    ['the first leaf', 5],
    ['the second leaf', 275_000],
  ] as const) {
    it(`names tensor, element and both values of wrong weights in ${where}`, async () => {
      const weights = await importBytes(await wrongWeights(element), start.store)
      const chain = await addRound(start, { isCrowded: true, lie: { lineage: (honest) => ({ ...honest, weights }) } })
      const report = await verifyNewest(chain)
      assert.deepEqual(links(report), ['1 weights'])
      assert.match(
        first(report.failures).reason,
        new RegExp(
          `differs: .*"embeddings.weight", element ${element}: the fusion gives -?0\\.\\d+, the base has 42\\.5`,
        ),
      )
      assert.equal(first(report.rounds).fusion, 'differs')
      assert.equal((await verifyNewest(chain, 'signatures')).valid, true)
    })
  }

  it('goes on from wrong weights: a later honest fusion of them is reproduced', async () => {
    const weights = await importBytes(await wrongWeights(1), start.store)
    const chain = await addRound(start, { lie: { lineage: (honest) => ({ ...honest, weights }) } })
    const report = await verifyNewest(await addRound(chain, { seeds: [4, 5] }))
    assert.deepEqual(
      report.rounds.map(({ fusion }) => fusion),
      ['reproduced', 'differs'],
    )
    assert.deepEqual(links(report), ['1 weights'])
  })

  it('names the weights when the directory has others than the lineage names', async () => {
    const weights = await importBytes(await wrongWeights(9), start.store)
    const chain = await addRound(start, { lie: { weights } })
    assert.deepEqual(links(await verifyNewest(chain, 'signatures')), ['1 weights'])
    const report = await verifyNewest(chain)
    assert.deepEqual([...new Set(links(report))], ['1 weights'])
    assert(report.failures.some(({ reason }) => reason.includes('element 9:')))
  })

  it('names an input that is not finite', async () => {
    const bad = checkpointBytes(50)
    new DataView(bad.buffer).setFloat32(TEST_LAYOUT.totalBytes - 4, Number.NaN, true)
    const checkpoint = await importBytes(bad, start.store)
    const parent = start.head.base
    const offered = [
      contributionBy(first(testKeys(1, 'poisoner')), start.net, { round: 1, parent, checkpoint }),
      contributionBy(first(testKeys(1, 'honest')), start.net, {
        round: 1,
        parent,
        checkpoint: await importBytes(checkpointBytes(51), start.store),
      }),
    ]
    const sorted = [...offered].sort((a, b) => Buffer.compare(a.id.bytes, b.id.bytes))
    const lists = start.net.members
      .slice(0, 3)
      .map((member) => listBy(member, start.net, offered, { round: 1, parent }))
    lists.sort((a, b) => Buffer.compare(a.message.author, b.message.author))
    const chain = await addRound(start, {
      lie: {
        lineage: (honest) => ({
          ...honest,
          lists: lists.map(({ envelope }) => envelope),
          inputs: sorted.map(({ envelope }) => envelope),
          weights: checkpoint,
        }),
      },
    })
    const report = await verifyNewest(chain)
    assert(links(report).includes(`1 contribution ${offered[0]?.id}`))
    assert.equal(first(report.rounds).fusion, 'differs')
  })

  it('refuses an empty round before its time, whose certificate says so', async () => {
    const chain = await addRound(start, { seeds: [], view: start.network.terms.round.maxViews - 1 })
    const report = await verifyNewest(chain, 'signatures')
    assert.deepEqual(links(report), ['1 lineage'])
    assert.match(first(report.failures).reason, /^empty-too-early/)
    assert.deepEqual(links(await verifyNewest(await addRound(chain), 'signatures')), ['1 lineage'])
  })

  it('refuses an empty round that changes the weights', async () => {
    const weights = await importBytes(checkpointBytes(30), start.store)
    const chain = await addRound(start, { seeds: [], lie: { lineage: (honest) => ({ ...honest, weights }) } })
    const report = await verifyNewest(chain)
    assert.deepEqual(links(report), ['1 lineage', '1 weights'])
    assert.match(first(report.failures).reason, /empty-changes-weights/)
    assert.equal(first(report.rounds).fusion, 'differs')
  })
})

describe('verifyBase of an embedded certificate', () => {
  const forged: Record<string, (chain: TestChain, base: TestChain['head']['base']) => Uint8Array> = {
    'too few signatures': ({ net, network }, base) =>
      certify(precommitsBy(net.members.slice(0, 2), { network: network.id, round: 1, view: 0, base }), 2),
    'a stranger': ({ net, network }, base) =>
      certify(
        precommitsBy([...net.members.slice(0, 2), ...testKeys(1, 'stranger')], {
          network: network.id,
          round: 1,
          view: 0,
          base,
        }),
        3,
      ),
    'another round': ({ net, network }, base) =>
      certify(precommitsBy(net.members.slice(0, 3), { network: network.id, round: 2, view: 0, base }), 3),
    'another base': ({ net, network }) =>
      certify(
        precommitsBy(net.members.slice(0, 3), { network: network.id, round: 1, view: 0, base: network.genesis.base }),
        3,
      ),
  }
  for (const [name, forge] of Object.entries(forged)) {
    it(`names the certificate of the round that it is of: ${name}`, async () => {
      const one = await addRound(start)
      const parentCertificate = forge(one, one.head.base)
      const two = await addRound(one, {
        seeds: [4, 5],
        lie: { lineage: (honest) => ({ ...honest, parentCertificate }) },
      })
      const report = await verifyNewest(two)
      assert.deepEqual(links(report), ['1 certificate'])
      assert.deepEqual(
        report.rounds.map(({ certified, fusion }) => [certified, fusion]),
        [
          [true, 'reproduced'],
          [false, 'reproduced'],
        ],
      )
      assert.equal(report.valid, false)
    })
  }

  it('names the lineage of a base whose parent is not of the round before', async () => {
    const one = await addRound(start)
    const skipping = await addRound(one, { seeds: [4, 5], lie: { lineage: (honest) => ({ ...honest, round: 5 }) } })
    const newest = skipping.entries.at(-1)
    assert(newest)
    const { network, store } = skipping
    const report = await verifyBase({ network, store, ...newest, level: 'signatures' })
    assert(links(report).includes('4 lineage'))
    assert.equal(report.valid, false)
  })

  it('names the lineage of a second round that starts from the base of the genesis', async () => {
    const { network, net } = start
    const vote = { network: network.id, round: 1, view: 0, base: network.genesis.base }
    const parentCertificate = certify(precommitsBy(net.members.slice(0, 3), vote), 3)
    const chain = await addRound(start, { lie: { lineage: (honest) => ({ ...honest, round: 2, parentCertificate }) } })
    const report = await verifyNewest(chain, 'signatures')
    assert.equal(first(links(report)), '2 lineage')
    assert.equal(report.valid, false)
    // nor when nothing is known of the genesis' base but its CID
    const store = copyStore(chain.store)
    await store.delete(network.genesis.base)
    assert(links(await verifyNewest({ ...chain, store }, 'signatures')).includes('2 lineage'))
  })
})
