import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTokenBuckets } from '../../../../../src/adapters/libp2p/token-bucket.ts'

describe('token buckets', () => {
  it('let a burst through, then the rate, each key for itself', () => {
    let nowMs = 0
    const buckets = createTokenBuckets({ perSecond: 10, burst: 5, now: () => nowMs })
    const taken = (key: string): number => Array.from({ length: 20 }, () => buckets.take(key)).filter(Boolean).length
    assert.equal(taken('a'), 5)
    assert.equal(taken('b'), 5)
    nowMs += 250
    assert.equal(taken('a'), 2)
    nowMs += 60_000
    assert.equal(taken('a'), 5)
  })

  it('gives credit, and says how long it takes to pay it back', () => {
    let nowMs = 0
    const buckets = createTokenBuckets({ perSecond: 10, burst: 5, now: () => nowMs })
    buckets.spend('a', 4.5)
    assert.equal(buckets.debtMs('a'), 0)
    buckets.spend('a', 2.5)
    assert.equal(buckets.debtMs('a'), 200)
    assert.equal(buckets.take('a'), false)
    assert.equal(buckets.debtMs('b'), 0)
    nowMs += 150
    assert.equal(buckets.debtMs('a'), 50)
    nowMs += 60_000
    buckets.spend('a', 6)
    assert.equal(buckets.debtMs('a'), 100, 'nobody saves more than a burst')
  })

  it('forgets nobody who still owes', () => {
    const buckets = createTokenBuckets({ perSecond: 10, burst: 5, now: () => 0 })
    for (let i = 0; i < 5; i++) buckets.take('spender')
    for (let i = 0; i < 5000; i++) buckets.take(`stranger ${i}`)
    assert.equal(buckets.take('spender'), false)
  })
})
