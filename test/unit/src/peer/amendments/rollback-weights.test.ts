import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fakeClock } from '../../../../../src/adapters/memory/clock.ts'
import { memoryLog } from '../../../../../src/adapters/memory/log.ts'
import { createRollbackWeights, type RollbackContext } from '../../../../../src/peer/amendments/rollback-weights.ts'
import { createEmitter } from '../../../../../src/peer/emitter.ts'
import type { PeerEvent } from '../../../../../src/peer/types.ts'
import { createWaits } from '../../../../../src/peer/waits.ts'
import { ColdmeshError, isColdmeshError } from '../../../../../src/ports/errors.ts'
import { addRound, startChain } from '../../../../support/history/build-chain.ts'
import { copyStore, memoryStore } from '../../../../support/history/memory-store.ts'

/** A chain of one round, and a member that has these blocks of it, and meets `others` who have the rest. */
async function open(has: 'everything' | 'nothing') {
  const chain = await addRound(await startChain())
  const [first] = chain.head.history
  assert.ok(first)
  const target = { base: first.base, weights: first.weights }
  const own = has === 'everything' ? copyStore(chain.store) : memoryStore()
  const others = { have: false, asked: 0 }
  const pins = new Map<string, number>()
  const clock = fakeClock({})
  const log = memoryLog()
  const stopped = new AbortController()
  const noted: number[] = []
  const context: RollbackContext = {
    ...{ network: chain.network, chain, clock, log, signal: stopped.signal },
    termsAt: () => chain.network,
    store: {
      ...own,
      fetch: async () => {
        others.asked++
        if (!others.have) throw new ColdmeshError('block-missing', 'Nobody gave it.')
        for (const [cid, block] of chain.store.blocks) own.blocks.set(cid, block)
        return { blocks: 1, bytes: 1 }
      },
    },
    keeping: {
      pin: (...roots) => {
        const count = (by: number) => {
          for (const root of roots) pins.set(String(root), (pins.get(String(root)) ?? 0) + by)
        }
        count(1)
        return { [Symbol.dispose]: () => count(-1) }
      },
      pinStored: () => ({ [Symbol.dispose]: () => {} }),
      hold: () => ({ [Symbol.dispose]: () => {} }),
      note: async (round) => void noted.push(round),
      from: 0,
    },
    mesh: { peers: () => [] },
    waits: createWaits({ events: createEmitter<PeerEvent>(), clock, log }),
  }
  const { promise: here, resolve: onHere } = Promise.withResolvers<void>()
  const weights = createRollbackWeights(context, onHere)
  return { weights, target, others, clock, here, noted, pinned: () => pins.get(String(target.weights)) ?? 0 }
}

describe('the weights of an open rollback', () => {
  it('are here where they are here, and stay while it is open', async () => {
    const { weights, target, here, others, pinned } = await open('everything')
    assert.ok(!weights.isHere(target.weights))
    weights.mind([target])
    await here
    assert.ok(weights.isHere(target.weights))
    assert.deepEqual([others.asked, pinned()], [0, 1])
    weights.mind([])
    assert.deepEqual([weights.isHere(target.weights), pinned()], [false, 0])
    await weights.stop()
  })

  it('are asked for again and again while nobody has them, and the round hears nothing of it', async () => {
    const { weights, target, here, others, clock, noted } = await open('nothing')
    weights.mind([target])
    await assert.rejects(weights.require(target), (error) => {
      assert.ok(isColdmeshError(error, 'refused'))
      assert.match(error.message, /are not here, and nobody gave them/)
      return true
    })
    assert.ok(!weights.isHere(target.weights))
    others.have = true
    await clock.advance(2_000)
    await here
    assert.ok(weights.isHere(target.weights))
    assert.ok(noted.every((round) => round === 1) && noted.length > 0)
    await weights.stop()
  })
})
