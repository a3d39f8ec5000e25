import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { openBase } from '../../../../../src/checkpoint/base.ts'
import { walkHistory } from '../../../../../src/peer/history/walk.ts'
import { isColdmeshError } from '../../../../../src/ports/errors.ts'
import { type TestChain, threeRounds } from '../../../../support/history/build-chain.ts'
import { collect } from '../../../../support/history/collect.ts'
import { copyStore } from '../../../../support/history/memory-store.ts'

let chain: TestChain
before(async () => {
  chain = await threeRounds()
})

const newest = () => chain.entries.at(-1) ?? assert.fail()

describe('walkHistory', () => {
  it('opens the rounds oldest first and ends at the head', async () => {
    const { network, facts, store, head } = chain
    const walk = await walkHistory({ network, facts, store, ...newest() })
    assert.deepEqual([walk.total, walk.gap], [3, null])
    const steps = await collect(walk.steps)
    assert.deepEqual(
      steps.map(({ loaded, certificate, bad }) => [loaded.round, certificate?.view, bad.length]),
      [
        [1, 0, 0],
        [2, network.terms.round.maxViews, 0],
        [3, 0, 0],
      ],
    )
    assert.equal(String(steps.at(-1)?.head?.base), String(head.base))
    assert.deepEqual(
      steps.at(-1)?.head?.history.map(({ round, isEmpty }) => [round, isEmpty]),
      head.history.map(({ round, isEmpty }) => [round, isEmpty]),
    )
  })

  it('reads each directory and lineage twice, and nothing else', async () => {
    const { network, facts } = chain
    const store = copyStore(chain.store)
    await collect((await walkHistory({ network, facts, store, ...newest() })).steps)
    assert.equal(store.asked.length, 12)
    assert.equal(new Set(store.asked).size, 6)
  })

  it('checks what it can without the base of the genesis, and opens no head', async () => {
    const { network, store } = chain
    const steps = await collect((await walkHistory({ network, facts: null, store, ...newest() })).steps)
    assert(steps.every(({ isCertified, head, bad }) => isCertified && head === null && bad.length === 0))
  })

  // docs/reliability.md: fault 42.
  it('names the very lineage that is missing in the middle, its round and block', async () => {
    const { network, facts } = chain
    const store = copyStore(chain.store)
    const middle = chain.entries[1]
    assert(middle)
    const { lineage } = await openBase(middle.base, store.get)
    assert(lineage)
    await store.delete(lineage)
    const walk = await walkHistory({ network, facts, store, ...newest() })
    assert.deepEqual([walk.total, walk.gap?.round, walk.gap?.link], [1, 2, `block ${lineage}`])
  })

  it('ends at the first link that is missing', async () => {
    const { network, facts } = chain
    const store = copyStore(chain.store)
    const [first] = chain.entries
    assert(first)
    await store.delete(first.base)
    const walk = await walkHistory({ network, facts, store, ...newest() })
    assert.deepEqual([walk.total, walk.gap?.round, walk.gap?.link], [2, 1, `block ${first.base}`])
    assert((await collect(walk.steps)).every(({ parent, isCertified }) => parent === null && isCertified))
  })

  it('stops at the signal, backwards and forwards', async () => {
    const { network, facts, store } = chain
    const isAborted = (error: unknown) => isColdmeshError(error, 'aborted')
    await assert.rejects(walkHistory({ network, facts, store, ...newest(), signal: AbortSignal.abort() }), isAborted)
    const controller = new AbortController()
    const walk = await walkHistory({ network, facts, store, ...newest(), signal: controller.signal })
    await assert.rejects(async () => {
      for await (const _ of walk.steps) controller.abort()
    }, isAborted)
  })
})
