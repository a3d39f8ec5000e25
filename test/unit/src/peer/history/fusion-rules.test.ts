import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clipFactors, decodeNorm, encodeNorm } from '../../../../../protocols/lineage/clipping.ts'
import type { Lineage } from '../../../../../protocols/lineage/messages.ts'
import { parseRule } from '../../../../../src/fusion/rule-text.ts'
import { verifyBase } from '../../../../../src/peer/history/verify.ts'
import type { VerifyLevel } from '../../../../../src/peer/types.ts'
import { addRound, type Lie, readLineage, startChain, type TestChain } from '../../../../support/history/build-chain.ts'

const RULES = [
  'mean/1,step=0.5',
  'weighted-mean/1,maxRows=100',
  'clipped-mean/1',
  'clipped-mean/1,step=0.25',
  'trimmed-mean/1,trim=1',
  'median/1',
  'median/1,step=0.5',
  'ties/1,density=0.2',
  'ties/1,density=0.2,scale=0.3,step=0.5',
]

const LATE = { minContributions: 3, maxContributions: 8, maxStaleness: 2, historyRounds: 8, keepRounds: 8 }
const start = (rule: string) => startChain('test network', { fusion: parseRule(rule), round: LATE })

async function verifyNewest({ network, store, entries }: TestChain, level: VerifyLevel) {
  const newest = entries.at(-1)
  assert(newest)
  return await verifyBase({ network, store, ...newest, level })
}

const newestLineage = ({ store, entries }: TestChain): Promise<Lineage> => {
  const newest = entries.at(-1)
  assert(newest)
  return readLineage(store, newest.base)
}

describe('a history of fusions', () => {
  const weights = new Set<string>()
  for (const rule of RULES) {
    it(`is reproduced with late inputs and an empty round: ${rule}`, async () => {
      const one = await addRound(await start(rule), { seeds: [1, 2, 3] })
      const two = await addRound(await addRound(one, { seeds: [] }), { seeds: [4, 5], late: [{ seed: 6, parent: 0 }] })
      const report = await verifyNewest(two, 'full')
      assert.deepEqual(report.failures, [])
      assert.deepEqual(
        report.rounds.map(({ fusion }) => fusion),
        ['reproduced', 'reproduced', 'reproduced'],
      )
      weights.add(String((await newestLineage(two)).weights))
    })
  }

  it('has other weights by each rule, but the median of three is what a trim of one leaves', () => {
    assert.equal(weights.size, RULES.length - 1)
  })
})

describe('factors and norms of clipped-mean/1', () => {
  const lying = async (lie: (honest: Lineage['fusion']) => Lineage['fusion']): Promise<TestChain> => {
    const told: Lie = { lineage: (honest) => ({ ...honest, fusion: lie(honest.fusion) }) }
    return await addRound(await start('clipped-mean/1'), { seeds: [1, 20, 3], lie: told })
  }
  /** Norms that are not the inputs', with the factors that these would give. */
  const withNorms = ({ norms = [], ...fusion }: Lineage['fusion'], by: number): Lineage['fusion'] => {
    const read = norms.map((norm, i) => (decodeNorm(norm) ?? 0) * (i === 1 ? by : 1))
    return { ...fusion, factors: [...clipFactors(read)], norms: read.map(encodeNorm) }
  }

  it('are in the lineage, one of each input, and clip what is longer than the median', async () => {
    const { fusion } = await newestLineage(await addRound(await start('clipped-mean/1'), { seeds: [1, 20, 3] }))
    const norms = (fusion.norms ?? []).map((norm) => decodeNorm(norm) ?? 0)
    assert.equal(norms.length, 3)
    assert.deepEqual(fusion.factors, clipFactors(norms))
    assert.ok(fusion.factors.some((factor) => factor < 65_536))
  })

  it('are refused without any weights when the factors are not what the norms give', async () => {
    const chain = await lying(({ factors = [], ...fusion }) => ({
      ...fusion,
      factors: factors.map((factor) => (factor < 65_536 ? factor + 1 : factor)),
    }))
    const { failures, valid } = await verifyNewest(chain, 'signatures')
    assert.equal(valid, false)
    assert.deepEqual(
      failures.map(({ link, reason }) => [link, reason]),
      [['lineage', 'lineage-other-factors']],
    )
    const full = await verifyNewest(chain, 'full')
    assert.ok(
      full.failures.some(({ reason }) => /the factor of contribution \w+ is \d+, the lineage says \d+/.test(reason)),
    )
  })

  it('are named by who fuses again when a norm is false', async () => {
    const chain = await lying((honest) => withNorms(honest, 1 + 2 ** -52))
    assert.equal((await verifyNewest(chain, 'signatures')).valid, true)
    const { failures, valid, rounds } = await verifyNewest(chain, 'full')
    assert.equal(valid, false)
    assert.equal(rounds[0]?.fusion, 'differs')
    assert.deepEqual(
      failures.map(({ link }) => link),
      ['lineage'],
    )
    assert.match(failures[0]?.reason ?? '', /the squared norm of contribution \w+ is [\d.]+, the lineage says [\d.]+/)
  })

  it('are in no lineage of another rule', async () => {
    const told: Lie = { lineage: (honest) => ({ ...honest, fusion: { ...honest.fusion, factors: [1, 1, 1] } }) }
    const report = await verifyNewest(await addRound(await start('median/1'), { lie: told }), 'signatures')
    assert.deepEqual(
      report.failures.map(({ link, reason }) => [link, reason]),
      [['lineage', 'lineage-unexpected-factors']],
    )
  })
})
