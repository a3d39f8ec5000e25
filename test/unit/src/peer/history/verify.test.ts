import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import type { CID } from 'multiformats/cid'
import { certify } from '../../../../../protocols/round/certificate.ts'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyOptions, VerifyReport } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { networkFacts } from '../../../../../src/rounds/network.ts'
import { readLineage, startChain, type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { checkpointBytes, importBytes } from '../../../../support/history/checkpoints.ts'
import { copyStore, flipBlock, type MemoryStore, memoryStore } from '../../../../support/history/memory-store.ts'
import { precommitsBy } from '../../../../support/protocols/messages.ts'
import { type TestKey, testKeys } from '../../../../support/protocols/network.ts'

let chain: TestChain
before(async () => {
  chain = await threeRounds()
})

function entry(round: number) {
  const found = chain.entries[round - 1]
  assert(found)
  return found
}

type Changes = VerifyOptions & {
  store?: MemoryStore
  certificate?: Uint8Array | null
  base?: CID
  network?: TestChain['network']
}

const verify = (round: number, changes: Changes = {}): Promise<VerifyReport> =>
  verifyBase({ network: chain.network, store: chain.store, ...entry(round), ...changes })

const filesOf = (round: number) => openBase(entry(round).base, chain.store.get)

async function leavesOf(file: CID) {
  const { leaves } = await listLeaves(file, chain.store.get, { maxBytes: 1 << 24 })
  return leaves.map(({ cid }) => cid)
}

const links = ({ failures }: VerifyReport) => failures.map(({ round, link }) => `${round} ${link}`)

/** A certificate of the base of a round, by these keys. */
function certifyBy(keys: readonly TestKey[], round: number, base = entry(round).base, of = round): Uint8Array {
  return certify(precommitsBy(keys, { network: chain.network.id, round: of, view: 0, base }), keys.length)
}

describe('verifyBase of an honest history', () => {
  for (const level of ['signatures', 'full'] as const) {
    it(`is valid at level ${level}`, async () => {
      const report = await verify(3, { level })
      assert.deepEqual(report.failures, [])
      assert.equal(report.valid, true)
      assert.equal(report.certified, true)
      assert.equal(report.level, level)
      assert.deepEqual(
        report.rounds.map(({ round, inputs }) => [round, inputs]),
        [
          [3, 2],
          [2, 0],
          [1, 3],
        ],
      )
      const fusion = level === 'full' ? 'reproduced' : null
      assert(report.rounds.every((round) => round.certified && round.fusion === fusion))
    })
  }

  it('is full when no level is asked for', async () => {
    assert.equal((await verify(1)).level, 'full')
  })

  it('reads no weights at level signatures', async () => {
    const store = copyStore(chain.store)
    await verify(3, { store, level: 'signatures' })
    const weights = new Set<string>()
    for (const round of [1, 2, 3]) weights.add(String((await filesOf(round)).weights.cid))
    weights.add(String(chain.facts.weights))
    assert.deepEqual(
      store.asked.filter((cid) => weights.has(cid)),
      [],
    )
  })

  it('is trusted only when the caller names the genesis', async () => {
    assert.equal((await verify(3, { level: 'signatures' })).trusted, false)
    const report = await verify(3, { level: 'signatures', trust: String(chain.network.id) })
    assert.equal(report.trusted, true)
    assert.equal(report.valid, true)
  })

  it('counts the genesis base as certified, without rounds', async () => {
    const report = await verifyBase({
      network: chain.network,
      store: chain.store,
      base: chain.network.genesis.base,
      certificate: null,
    })
    assert.deepEqual([report.valid, report.certified, report.rounds], [true, true, []])
  })

  it('verifies an ancestor with its own certificate', async () => {
    const report = await verify(2)
    assert.deepEqual([report.valid, report.rounds.length], [true, 2])
  })

  it('tells its progress, oldest round first', async () => {
    const told: string[] = []
    await verify(3, { level: 'signatures', onProgress: ({ round, of }) => told.push(`${round}/${of}`) })
    assert.deepEqual(told, ['1/3', '2/3', '3/3'])
  })

  it('stops at the signal, between two blocks', async () => {
    const controller = new AbortController()
    const onProgress = () => controller.abort()
    await assert.rejects(verify(3, { signal: controller.signal, onProgress }), (error) =>
      isColdmeshError(error, 'aborted'),
    )
  })
})

describe('verifyBase with another certificate', () => {
  const cases: Record<string, { certificate: () => Uint8Array | null; reason: RegExp }> = {
    none: { certificate: () => null, reason: /^missing/ },
    "another round's": { certificate: () => entry(2).certificate, reason: /wrong-round/ },
    'one for another base of this round': {
      certificate: () => certifyBy(chain.net.members.slice(0, 3), 2, entry(2).base, 3),
      reason: /wrong-base/,
    },
    'too few signatures': { certificate: () => certifyBy(chain.net.members.slice(0, 2), 3), reason: /no-quorum/ },
    'too many signatures': { certificate: () => certifyBy(chain.net.members, 3), reason: /no-quorum/ },
    'a stranger among the signers': {
      certificate: () => certifyBy([...chain.net.members.slice(0, 2), ...testKeys(1, 'stranger')], 3),
      reason: /not-a-member/,
    },
    'a flipped bit in a signature': {
      certificate: () => {
        const bytes = Uint8Array.from(entry(3).certificate)
        bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1
        return bytes
      },
      reason: /bad-signature|not-/,
    },
  }
  for (const [name, { certificate, reason }] of Object.entries(cases)) {
    it(`names the certificate: ${name}`, async () => {
      for (const level of ['signatures', 'full'] as const) {
        const report = await verify(3, { level, certificate: certificate() })
        assert.deepEqual(links(report), ['3 certificate'])
        assert.match(report.failures[0]?.reason ?? '', reason)
        assert.deepEqual([report.valid, report.certified, report.rounds[0]?.certified], [false, false, false])
        assert.equal(report.rounds[1]?.certified, true)
      }
    })
  }

  it('names the certificate for a flipped bit anywhere in it', async () => {
    const { certificate } = entry(3)
    for (let at = 0; at < certificate.length; at += 23) {
      const bytes = Uint8Array.from(certificate)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8))
      assert.deepEqual(links(await verify(3, { level: 'signatures', certificate: bytes })), ['3 certificate'], `${at}`)
    }
  })
})

describe('verifyBase with another genesis', () => {
  it('names the genesis when the caller trusts another', async () => {
    const report = await verify(3, { level: 'signatures', trust: String(entry(1).base) })
    assert.deepEqual([report.valid, report.trusted, links(report)], [false, false, ['0 genesis']])
  })

  it('names the genesis when the base is of another network', async () => {
    const other = await startChain('another network')
    const report = await verify(3, { network: other.network })
    assert.equal(report.valid, false)
    assert.deepEqual(links(report), ['0 genesis'])
    assert.deepEqual(report.rounds, [])
  })

  it('names the genesis when round 1 starts from another base', async () => {
    const { network: id, genesis } = chain.net
    const network = networkFacts(id, { ...genesis, base: entry(3).base })
    const report = await verify(2, { network, level: 'signatures' })
    assert(links(report).includes('0 genesis'))
    assert.equal(report.valid, false)
  })

  it('names the genesis when its base has another header', async () => {
    const { network: id, genesis } = chain.net
    const report = await verify(3, { network: networkFacts(id, { ...genesis, header: new Uint8Array(32) }) })
    assert(links(report).includes('0 genesis'))
    assert.equal(report.valid, false)
  })

  it('names the genesis when its base has another length', async () => {
    const { network: id, genesis } = chain.net
    const network = networkFacts(id, { ...genesis, bytes: genesis.bytes + 4 })
    for (const level of ['signatures', 'full'] as const) {
      assert.equal(links(await verify(3, { network, level }))[0], '0 genesis')
    }
  })
})

describe('verifyBase with missing or damaged blocks', () => {
  it('says unavailable, and names the block, when an input is not here', async () => {
    const [input] = chain.head.inputs
    assert(input)
    const [, second] = await leavesOf(input)
    assert(second)
    const store = copyStore(chain.store)
    await store.delete(second)
    const report = await verify(3, { store })
    assert.deepEqual(links(report), [`3 block ${second}`])
    assert.match(report.failures[0]?.reason ?? '', /^block-missing/)
    assert.deepEqual(
      report.rounds.map(({ fusion }) => fusion),
      ['unavailable', 'reproduced', 'reproduced'],
    )
    assert.equal(report.valid, false)
    assert.equal((await verify(3, { store, level: 'signatures' })).valid, true)
  })

  it('names the exact gap when a lineage in the middle is not here', async () => {
    const { lineage } = await filesOf(2)
    assert(lineage)
    const store = copyStore(chain.store)
    await store.delete(lineage)
    for (const level of ['signatures', 'full'] as const) {
      const report = await verify(3, { store, level })
      assert.deepEqual(links(report), [`2 block ${lineage}`])
      assert.match(report.failures[0]?.reason ?? '', /^block-missing/)
      assert.deepEqual([report.valid, report.certified], [false, true])
      assert.deepEqual(
        report.rounds.map(({ round, fusion }) => [round, fusion]),
        [[3, level === 'full' ? 'unavailable' : null]],
      )
    }
  })

  it('names the block when a directory in the middle is not here', async () => {
    const store = copyStore(chain.store)
    await store.delete(entry(1).base)
    assert.deepEqual(links(await verify(3, { store, level: 'signatures' })), [`1 block ${entry(1).base}`])
  })

  it('names the block when nothing at all is here', async () => {
    const report = await verify(3, { store: memoryStore() })
    assert.deepEqual(links(report), [`0 block ${chain.network.genesis.base}`, `3 block ${entry(3).base}`])
    assert.deepEqual([report.valid, report.certified], [false, true])
  })

  it("names the genesis base's directory when it is not here", async () => {
    const store = copyStore(chain.store)
    await store.delete(chain.network.genesis.base)
    const report = await verify(3, { store })
    assert.deepEqual(links(report), [`0 block ${chain.network.genesis.base}`])
    assert(report.rounds.every(({ fusion, certified }) => fusion === 'unavailable' && certified))
  })

  it('names the flipped block of any file, and only at the level that reads it', async () => {
    const files = await filesOf(3)
    const [, weights] = await leavesOf(files.weights.cid)
    const [tokenizer] = await leavesOf(
      files.shared.find(({ name }) => name === 'tokenizer.json')?.cid ?? files.weights.cid,
    )
    const [input] = await leavesOf(chain.head.inputs[0] ?? files.weights.cid)
    assert(weights && tokenizer && input && files.card && files.lineage)
    const cases: [string, CID, number, boolean][] = [
      ['weights', weights, 3, true],
      ['weights node', files.weights.cid, 3, true],
      ['tokenizer', tokenizer, 0, true],
      ['input', input, 3, true],
      ['card', files.card, 3, true],
      ['lineage', files.lineage, 3, false],
      ['directory', entry(3).base, 3, false],
    ]
    for (const [name, cid, round, isFullOnly] of cases) {
      const store = copyStore(chain.store)
      flipBlock(store, cid, 2)
      const report = await verify(3, { store })
      assert.deepEqual(links(report), [`${round} block ${cid}`], name)
      assert.match(report.failures[0]?.reason ?? '', /^block-corrupt/)
      assert.equal(report.valid, false)
      assert.equal((await verify(3, { store, level: 'signatures' })).valid, isFullOnly, name)
    }
  })

  it('reads the newest weights, which no later round fuses', async () => {
    const { weights } = await filesOf(3)
    const [first] = await leavesOf(weights.cid)
    assert(first)
    const store = copyStore(chain.store)
    await store.delete(first)
    const report = await verify(3, { store })
    assert.deepEqual(links(report), [`3 block ${first}`])
    assert.equal(report.rounds[0]?.fusion, 'reproduced')
  })
})

describe('verifyBase of things that are no bases', () => {
  it('names the directory for a file', async () => {
    const cid = await importBytes(checkpointBytes(99), chain.store)
    const report = await verify(3, { base: cid, certificate: null })
    assert.deepEqual(links(report), ['0 directory'])
    assert.deepEqual([report.valid, report.certified], [false, false])
  })

  it('is not certified by a certificate of another base', async () => {
    const report = await verify(3, { base: chain.facts.weights })
    assert.equal(report.certified, false)
    assert.equal(report.valid, false)
  })

  it('leaves the store as it was', async () => {
    const store = copyStore(chain.store)
    await verify(3, { store })
    assert.deepEqual([...store.blocks.keys()], [...chain.store.blocks.keys()])
    assert.equal((await readLineage(store, entry(3).base)).round, 3)
  })
})
