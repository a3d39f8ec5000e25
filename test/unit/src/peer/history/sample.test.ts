import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { toHex } from '../../../../../protocols/wire/bytes.ts'
import { encodeLayout } from '../../../../../src/checkpoint/layout.ts'
import { listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { parseRule } from '../../../../../src/fusion/rule-text.ts'
import { caughtProbability, drawLeaves } from '../../../../../src/peer/history/sample.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyOptions } from '../../../../../src/peer/types.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, readLineage, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { importBytes } from '../../../../support/history/checkpoints.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'

const LEAF = 1_048_576
/** Five leaves, the last one short. */
const LAYOUT = encodeLayout([{ name: 'w', dtype: 'F32', shape: [1_200_000] }], { format: 'pt' })
const LEAVES = 5
const LATE = { minContributions: 2, maxContributions: 8, maxStaleness: 2, historyRounds: 8, keepRounds: 8 }
const RULES = ['mean/1', 'clipped-mean/1', 'trimmed-mean/1,trim=1', 'ties/1,density=0.2']

const seedOf = (number: number) => Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? number : 0))
const drawnBy = (number: number, leaves: number, round = 1) =>
  drawLeaves({ seed: seedOf(number), leaves }, { round, leaves: LEAVES })

/** A seed that draws these leaves of round 1, and no others. */
function seedFor(drawn: readonly number[], leaves: number): string {
  for (let number = 0; number < 256; number++) {
    if (String(drawnBy(number, leaves)) === String(drawn)) return toHex(seedOf(number))
  }
  throw new Error('no seed draws them')
}

async function verify({ network, store, entries }: TestChain, options: VerifyOptions) {
  const newest = entries.at(-1)
  assert.ok(newest)
  return await verifyBase({ network, store, ...newest, ...options })
}

const start = (rule: string) =>
  startChain('sampled', { fusion: parseRule(rule), round: { ...LATE, minContributions: 3 } }, LAYOUT)

async function leavesOf({ store }: TestChain, file: Parameters<typeof listLeaves>[0]) {
  const { leaves } = await listLeaves(file, (cid) => store.get(cid), { maxBytes: LAYOUT.totalBytes })
  return leaves.map(({ cid }) => cid)
}

/** A round whose weights have one wrong element in each of these leaves. */
async function wrongIn(leaves: readonly number[], rule = 'mean/1'): Promise<TestChain> {
  const honest = await addRound(await start(rule))
  const [{ base } = { base: honest.network.genesis.base }] = honest.entries
  const { weights } = await readLineage(honest.store, base)
  const blocks = await Promise.all((await leavesOf(honest, weights)).map((cid) => honest.store.get(cid)))
  const wrong = Buffer.concat(blocks)
  for (const leaf of leaves) wrong.writeFloatLE(42.5, leaf * LEAF + 800)
  const cid = await importBytes(wrong, honest.store)
  return await addRound(await start(rule), { lie: { lineage: (lineage) => ({ ...lineage, weights: cid }) } }).then(
    (chain) => {
      for (const [name, block] of honest.store.blocks) chain.store.blocks.set(name, block)
      return chain
    },
  )
}

describe('drawLeaves', () => {
  it('draws the leaves that protocols/archive says, by numbers made elsewhere', () => {
    const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
    // by Python's hashlib
    const numbers = [973, 435, 722, 298, 551, 584, 883, 162]
    assert.deepEqual(
      drawLeaves({ seed, leaves: 8 }, { round: 7, leaves: 1000 }),
      numbers.toSorted((a, b) => a - b),
    )
    assert.deepEqual(drawLeaves({ seed, leaves: 3 }, { round: 1, leaves: 5 }), [0, 1, 2])
  })

  it('catches wrong leaves as often as is told', () => {
    const [of, wrong, trials] = [1000, 100, 2000]
    for (const leaves of [4, 16]) {
      let caught = 0
      for (let round = 1; round <= trials; round++) {
        if (drawLeaves({ seed: seedOf(3), leaves }, { round, leaves: of }).some((leaf) => leaf < wrong)) caught++
      }
      const told = caughtProbability({ leaves }, wrong / of)
      // five standard deviations of so many trials
      const tolerance = 5 * Math.sqrt((told * (1 - told)) / trials)
      assert.ok(Math.abs(caught / trials - told) < tolerance, `${caught} of ${trials}, told ${told}`)
    }
  })
})

describe('verifyBase at level sample', () => {
  for (const rule of RULES) {
    it(`finds nothing wrong in an honest history with late inputs and an empty round: ${rule}`, async () => {
      const two = await addRound(await addRound(await start(rule), { seeds: [1, 2, 3] }), { seeds: [] })
      const chain = await addRound(two, { seeds: [4, 5], late: [{ seed: 6, parent: 0 }] })
      const report = await verify(chain, { level: 'sample', leaves: 2 })
      assert.deepEqual(report.failures, [])
      assert.ok(report.valid && report.rounds.every(({ fusion }) => fusion === 'sampled'))
      assert.equal(report.rounds[0]?.details?.inputs.filter(({ staleness }) => staleness === 1).length, 1)
    })
  }

  it('says its seed, which draws the same again, and how probable it is to catch', async () => {
    const chain = await addRound(await start('mean/1'))
    const { sample } = await verify(chain, { level: 'sample' })
    const other = await verify(chain, { level: 'sample' })
    assert.match(sample?.seed ?? '', /^[0-9a-f]{64}$/)
    assert.notEqual(sample?.seed, other.sample?.seed)
    assert.equal(sample?.leaves, 16)
    assert.deepEqual(sample?.caught, [
      { fraction: 0.01, probability: 1 - 0.99 ** 16 },
      { fraction: 0.1, probability: 1 - 0.9 ** 16 },
    ])
    const again = await verify(chain, { level: 'sample', sampleSeed: sample?.seed ?? '' })
    assert.deepEqual(again.sample, sample)
    assert.equal((await verify(chain, { level: 'signatures' })).sample, null)
  })

  describe('of a wrong leaf', () => {
    let chain: TestChain
    before(async () => {
      chain = await wrongIn([3])
    })

    it('names it when it is drawn, with tensor, element and both values', async () => {
      const report = await verify(chain, { level: 'sample', leaves: 2, sampleSeed: seedFor([1, 3], 2) })
      assert.equal(report.valid, false)
      assert.equal(report.rounds[0]?.fusion, 'differs')
      const [failure, ...others] = report.failures
      assert.deepEqual([failure?.round, failure?.link, others.length], [1, 'weights', 0])
      const element = (3 * LEAF + 800 - LAYOUT.dataStart) / 4
      const said = `tensor "w", element ${element}: the fusion gives`
      assert.ok(failure?.reason.includes(said), failure?.reason)
      assert.match(failure?.reason ?? '', /Leaf 3 of .*: the fusion gives -?[\d.e-]+, the base has 42\.5/)
    })

    it('finds nothing when it is not drawn', async () => {
      const report = await verify(chain, { level: 'sample', leaves: 2, sampleSeed: seedFor([1, 4], 2) })
      assert.deepEqual([report.valid, report.rounds[0]?.fusion], [true, 'sampled'])
    })

    it('catches it as often as its seeds draw it', async () => {
      for (let number = 0; number < 12; number++) {
        const { valid } = await verify(chain, { level: 'sample', leaves: 3, sampleSeed: toHex(seedOf(number)) })
        assert.equal(valid, !drawnBy(number, 3).includes(3), `seed ${number}`)
      }
    })
  })

  it('reads of inputs, base and weights the leaves that it draws, and nothing else of them', async () => {
    for (const rule of RULES.filter((name) => !name.startsWith('ties/1'))) {
      const one = await addRound(await start(rule), { seeds: [1, 2, 3] })
      const chain = await addRound(one, { seeds: [4, 5], late: [{ seed: 6, parent: 0 }] })
      const leaves = 2
      const sampleSeed = seedFor([1, 3], leaves)
      const drawn = new Set<string>()
      const all = new Set<string>()
      const files = new Set([chain.facts.weights, ...chain.head.history.flatMap((of) => [of.weights, ...of.inputs])])
      for (const file of files) {
        for (const [index, cid] of (await leavesOf(chain, file)).entries()) {
          all.add(String(cid))
          const isDrawn = [1, 2].some((round) =>
            drawLeaves({ seed: Buffer.from(sampleSeed, 'hex'), leaves }, { round, leaves: LEAVES }).includes(index),
          )
          // the header tells the layout
          const isHeader = index === 0 && file === chain.facts.weights
          if (isDrawn || isHeader) drawn.add(String(cid))
        }
      }
      const store = copyStore(chain.store)
      const report = await verify({ ...chain, store }, { level: 'sample', leaves, sampleSeed })
      assert.equal(report.valid, true)
      const read = store.asked.filter((cid) => all.has(cid))
      assert.ok(read.every((cid) => drawn.has(cid)))
      // round 1: a base and three inputs; round 2: the same, and what the late one was trained from; twice, and the header
      assert.equal(read.length, leaves * (4 + 5) + 1)
    }
  })

  it('is a check of everything when every leaf is drawn: the verdict of full', async () => {
    const sampleSeed = seedFor([0, 1, 2, 3, 4], 40)
    for (const rule of RULES) {
      for (const wrong of [[], [0], [2], [4], [1, 4]]) {
        const chain = wrong.length === 0 ? await addRound(await start(rule)) : await wrongIn(wrong, rule)
        const full = await verify(chain, { level: 'full' })
        const sample = await verify(chain, { level: 'sample', leaves: 40, sampleSeed })
        assert.deepEqual([sample.valid, full.valid], [wrong.length === 0, wrong.length === 0], `${rule} ${wrong}`)
        const places = [full, sample].map(({ failures }) =>
          failures.map(({ round, link, reason }) => [round, link, reason.replace(/^.*?(tensor |byte |$)/s, '$1')]),
        )
        assert.deepEqual(places[1], places[0])
      }
    }
  })

  it('says that it could not look where an input is missing', async () => {
    const chain = await addRound(await start('mean/1'))
    const [input] = chain.head.inputs
    assert.ok(input)
    const [, second] = await leavesOf(chain, input)
    assert.ok(second)
    const store = copyStore(chain.store)
    await store.delete(second)
    const look = (drawn: readonly number[]) =>
      verify({ ...chain, store }, { level: 'sample', leaves: 2, sampleSeed: seedFor(drawn, 2) })
    const report = await look([1, 3])
    assert.deepEqual([report.valid, report.rounds[0]?.fusion], [false, 'unavailable'])
    assert.deepEqual([report.failures[0]?.link, report.failures.length], [`block ${second}`, 1])
    assert.equal((await look([2, 3])).valid, true)
  })

  it('refuses what is no seed, and no number of leaves', async () => {
    const chain = await addRound(await start('mean/1'))
    for (const options of [{ sampleSeed: 'ab' }, { sampleSeed: 'g'.repeat(64) }, { leaves: 0 }, { leaves: 1.5 }]) {
      await assert.rejects(verify(chain, { level: 'sample', ...options }), (error) =>
        isColdmeshError(error, 'bad-input'),
      )
    }
  })
})
