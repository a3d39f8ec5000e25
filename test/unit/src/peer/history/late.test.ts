import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listLeaves } from '../../../../../src/checkpoint/unixfs.ts'
import { createHistory } from '../../../../../src/peer/history/history.ts'
import { addRound, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { copyStore, type MemoryStore } from '../../../../support/history/memory-store.ts'
import { TEST_ROUND_POLICY } from '../../../../support/protocols/network.ts'

/** Round 3 has an input of its own base, one that is one round late, and one that is two. */
const chain = await (async () => {
  const first = await startChain('late', {
    round: { ...TEST_ROUND_POLICY, minContributions: 2, maxStaleness: 2, historyRounds: 4, keepRounds: 4 },
  })
  const second = await addRound(await addRound(first, { seeds: [1, 2] }), { seeds: [3, 4] })
  const late = [
    { seed: 6, parent: 1 },
    { seed: 7, parent: 0 },
  ]
  return await addRound(second, { seeds: [5], late })
})()

function historyOf({ network, entries }: TestChain, store: MemoryStore) {
  return createHistory({ network, genesisBytes: new Uint8Array(), store, chain: { entries } })
}
const base = String(chain.head.base)

describe('the history of a base with late inputs', () => {
  it('is fused again from the weights of earlier bases', async () => {
    const report = await historyOf(chain, chain.store).verify(base, { level: 'full' })
    assert.deepEqual(report.failures, [])
    assert.ok(report.valid && report.rounds.every(({ fusion }) => fusion === 'reproduced'))
    assert.equal(report.rounds[0]?.inputs, 3)
  })

  it('tells how late each input was', async () => {
    const [newest] = await Array.fromAsync(historyOf(chain, chain.store).log())
    assert.deepEqual(newest?.inputs.map(({ staleness }) => staleness).sort(), [0, 1, 2])
  })

  it('names the round whose weights are missing, and the block', async () => {
    const store = copyStore(chain.store)
    const weights = chain.head.history.find(({ round }) => round === 1)?.weights
    assert.ok(weights)
    const { leaves } = await listLeaves(weights, (cid) => store.get(cid), { maxBytes: 10_000_000 })
    const [leaf] = leaves
    assert.ok(leaf)
    store.blocks.delete(String(leaf.cid))
    const report = await historyOf(chain, store).verify(base, { level: 'full' })
    assert.equal(report.valid, false)
    const ofThree = report.failures.filter(({ round }) => round === 3)
    assert.equal(ofThree.length, 1)
    assert.match(ofThree[0]?.link ?? '', /^contribution |^block /)
    assert.match(ofThree[0]?.reason ?? '', /^block-missing: Weights of round 1, rebased from: /)
    assert.equal(report.rounds.find(({ round }) => round === 3)?.fusion, 'unavailable')
  })
})
