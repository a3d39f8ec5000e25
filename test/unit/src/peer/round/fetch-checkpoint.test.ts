import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryNetwork } from '../../../../../src/adapters/memory/network.ts'
import { createCheckpointTry } from '../../../../../src/peer/round/fetch-checkpoint.ts'
import type { Head } from '../../../../../src/rounds/state.ts'
import { toCandidate } from '../../../../../src/rounds/views.ts'
import { startChain } from '../../../../support/history/build-chain.ts'
import { KEEPS_ALL } from '../../../../support/peer/keeps-all.ts'
import { startMemoryPeer } from '../../../../support/peer/memory-peer.ts'
import { testCid } from '../../../../support/protocols/network.ts'
import { createBench } from '../../../../support/rounds/bench.ts'

const BEFORE = { round: 1, base: testCid('base 1'), weights: testCid('weights 1', 'file'), inputs: [], isEmpty: false }
const AFTER = { ...BEFORE, round: 2, base: testCid('base 2'), weights: testCid('weights 2', 'file') }
const afterTwo = (head: Head): Head => ({ ...head, ...AFTER, history: [AFTER, BEFORE] })

describe('a checkpoint that is fetched', () => {
  /** What a try writes down and fetches, in this order. */
  async function tried(parent: 1 | 2): Promise<readonly string[]> {
    const peer = startMemoryPeer({ mesh: memoryNetwork(), name: 'me', chain: await startChain() })
    const bench = createBench({ round: { maxStaleness: 1, historyRounds: 8, keepRounds: 8 }, head: afterTwo })
    const steps: string[] = []
    const context = {
      ...peer.context,
      keeping: { ...KEEPS_ALL, note: async (round: number, cid: object) => void steps.push(`note ${round} ${cid}`) },
      store: {
        ...peer.context.store,
        fetch: async (cid: object) => {
          steps.push(`fetch ${cid}`)
          return { blocks: 0, bytes: 0 }
        },
      },
    }
    const signed = bench.contribution('late', { round: parent + 1, parent: testCid(`base ${parent}`) })
    const tryOnce = createCheckpointTry(context, bench.state, peer.context.signal)
    // The bytes are nowhere: it ends after it fetched.
    await assert.rejects(tryOnce(toCandidate(signed), { listers: [], tries: 1 }))
    peer.stop()
    return steps.map((step) => step.replace(String(signed.message.checkpoint), 'checkpoint'))
  }

  it('is written down before its bytes come, and what a late one was trained from too', async () => {
    const weights = String(BEFORE.weights)
    assert.deepEqual(await tried(1), ['note 2 checkpoint', 'fetch checkpoint', `note 2 ${weights}`, `fetch ${weights}`])
    assert.deepEqual(await tried(2), ['note 3 checkpoint', 'fetch checkpoint'])
  })
})
