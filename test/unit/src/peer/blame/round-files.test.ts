import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fuseWithout } from '../../../../../src/peer/blame/fuse-without.ts'
import { openRoundFiles } from '../../../../../src/peer/blame/round-files.ts'
import { createHistory } from '../../../../../src/peer/history/history.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'

const historyOf = ({ net, network, store, entries }: TestChain) =>
  createHistory({ network, genesisBytes: net.bytes, store, chain: { entries } })

async function idsOf(chain: TestChain): Promise<readonly string[]> {
  for await (const { inputs } of historyOf(chain).log()) return inputs.map(({ id }) => id)
  return []
}

describe('openRoundFiles', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-blame-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  for (const rule of ['mean/1', 'clipped-mean/1', 'median/1', 'weighted-mean/1'] as const) {
    it(`fuses all inputs to the weights of the base, late ones too: ${rule}`, async () => {
      const params = rule === 'weighted-mean/1' ? { maxRows: 500 } : {}
      const terms = { fusion: { rule, params }, round: { minContributions: 2, maxStaleness: 2, keepRounds: 8 } }
      const start = await startChain('test network', terms)
      const chain = await addRound(await addRound(start), { seeds: [7, 8], late: [{ seed: 21, parent: 0 }] })
      await using round = await openRoundFiles({ source: historyOf(chain), workers: 0 })
      const { inputs, parent } = round.entry
      assert.equal(inputs.length, 3)
      assert.equal(inputs.filter(({ trainedFrom }) => trainedFrom.base !== parent).length, 1)
      const { weights } = await round.fuse(inputs, join(folder, `all-${rule.replace('/', '-')}`))
      assert.equal(weights, String(chain.head.weights))
    })
  }

  it('takes the newest base with contributions, and refuses one without', async () => {
    const first = await addRound(await startChain())
    const chain = await addRound(first, { seeds: [] })
    await using round = await openRoundFiles({ source: historyOf(chain), workers: 0 })
    assert.equal(round.entry.round, 1)
    const empty = String(chain.entries[1]?.base)
    await assert.rejects(openRoundFiles({ source: historyOf(chain), base: empty }), /of round 2 has no contributions/)
  })
})

describe('fuseWithout', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldmesh-blame-test-'))
  })
  after(() => rm(folder, { recursive: true }))

  it('gives what the round would have been without it, and names what it was made of', async () => {
    const start = await startChain()
    const chain = await addRound(start, { seeds: [1, 2, 3] })
    const alone = await addRound(start, { seeds: [1, 2] })
    const kept = await idsOf(alone)
    const [left] = (await idsOf(chain)).filter((id) => !kept.includes(id))
    assert.ok(left)
    const out = join(folder, 'without')
    const fused = await fuseWithout({ source: historyOf(chain), without: [left.slice(-8)], out, workers: 0 })
    assert.deepEqual([fused.weights, fused.without], [String(alone.head.weights), [left]])
    const card = await readFile(join(out, 'README.md'), 'utf8')
    assert.ok(kept.every((id) => card.includes(id)) && !card.includes(left))
  })

  it('says when the rule can’t do without, and when nothing is left', async () => {
    const fusion = { rule: 'trimmed-mean/1', params: { trim: 1 } }
    const round = { minContributions: 3 }
    const chain = await addRound(await startChain('test network', { fusion, round }), { seeds: [1, 2, 3] })
    const ids = await idsOf(chain)
    const source = historyOf(chain)
    const out = join(folder, 'never')
    await assert.rejects(fuseWithout({ source, without: ids.slice(0, 1), out, workers: 0 }), (error) => {
      assert.ok(isColdmeshError(error, 'bad-input'))
      assert.match(error.message, /2 inputs are too few/)
      return true
    })
    await assert.rejects(fuseWithout({ source, without: ids, out }), /has no other contributions/)
    await assert.rejects(fuseWithout({ source, without: ['abc'], out }), /"abc" names no contribution of round 1/)
  })

  it('names every contribution whose bytes are not here', async () => {
    const chain = await addRound(await startChain(), { seeds: [1, 2, 3] })
    const gone: string[] = []
    for await (const { inputs } of historyOf(chain).log()) {
      for (const { id, checkpoint } of inputs.slice(1)) {
        chain.store.blocks.delete(checkpoint)
        gone.push(id)
      }
    }
    await assert.rejects(openRoundFiles({ source: historyOf(chain) }), (error) => {
      assert.ok(isColdmeshError(error, 'block-missing'))
      assert.ok(gone.length === 2 && gone.every((id) => error.message.includes(id)), error.message)
      return true
    })
  })
})
