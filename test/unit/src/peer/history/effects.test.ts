import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contribution } from '../../../../../protocols/contribution/messages.ts'
import { decodeNorm } from '../../../../../protocols/lineage/clipping.ts'
import { isSigned, openEnvelope } from '../../../../../protocols/wire/envelope.ts'
import { measureInputs } from '../../../../../src/peer/history/effects.ts'
import { addRound, readLineage, startChain, type TestChain } from '../../../../support/history/build-chain.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'

const baseOf = ({ entries }: TestChain, round: number) => entries[round - 1]?.base ?? assert.fail(`round ${round}`)

describe('measureInputs', () => {
  it('gives the norms that a lineage of clipped-mean/1 states, also of a late input', async () => {
    const start = await startChain('effects', {
      fusion: { rule: 'clipped-mean/1', params: {} },
      round: { minContributions: 1, maxStaleness: 4, historyRounds: 8, keepRounds: 8 },
    })
    const chain = await addRound(await addRound(await addRound(start), { seeds: [4, 5] }), {
      seeds: [6, 7],
      late: [{ seed: 8, parent: 1 }],
    })
    for (const round of [1, 2, 3]) {
      const { fusion } = await readLineage(chain.store, baseOf(chain, round))
      const stated = fusion.norms?.map((norm) => Math.sqrt(decodeNorm(norm) ?? Number.NaN))
      assert.equal(stated?.length, round === 2 ? 2 : 3)
      assert.deepEqual(await measureInputs(chain.network, chain.store, baseOf(chain, round)), stated)
    }
  })

  it('gives null for the input whose bytes are not here, for all without the base before, and without the lineage', async () => {
    const chain = await addRound(await startChain())
    const base = baseOf(chain, 1)
    const { inputs, parent } = await readLineage(chain.store, base)
    const opened = openEnvelope(inputs[1] ?? assert.fail(), [contribution], chain.network.id)
    const store = copyStore(chain.store)
    await store.delete(isSigned(opened) ? opened.message.checkpoint : assert.fail())
    const norms = await measureInputs(chain.network, store, base)
    assert.deepEqual(
      norms?.map((norm) => norm === null),
      [false, true, false],
    )
    await store.delete(parent)
    assert.deepEqual(await measureInputs(chain.network, store, base), [null, null, null])
    await store.delete(base)
    assert.equal(await measureInputs(chain.network, store, base), null)
  })
})
