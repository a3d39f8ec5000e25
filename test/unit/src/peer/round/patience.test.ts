import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { patienceOf, retryAfterMs } from '../../../../../src/peer/round/patience.ts'

// fault 25: links slower than the rules expect.
describe('patienceOf', () => {
  it('doubles from try to try, up to eight times the first', () => {
    assert.deepEqual([1, 2, 3, 4, 5, 99].map(patienceOf), [1, 2, 4, 8, 8, 8])
  })
})

describe('retryAfterMs', () => {
  const after = (isListed: boolean) => [1, 2, 3, 4, 5, 6, 99].map((tries) => retryAfterMs({ tries, isListed }))

  it('waits twice as long each time for what a member lists, at most half a minute', () => {
    assert.deepEqual(after(true), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('tries what nobody lists once a minute after the fourth try, and never gives it up', () => {
    assert.deepEqual(after(false), [1_000, 2_000, 4_000, 60_000, 60_000, 60_000, 60_000])
  })
})
