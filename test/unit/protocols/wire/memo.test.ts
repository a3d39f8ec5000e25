import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMemo } from '../../../../protocols/wire/memo.ts'

describe('createMemo', () => {
  it('forgets the oldest when there are too many', () => {
    const memo = createMemo<number>(2)
    memo.set('a', 1)
    memo.set('b', 2)
    memo.set('c', 3)
    assert.deepEqual([memo.size, memo.get('a'), memo.get('b'), memo.get('c')], [2, undefined, 2, 3])
  })

  it('keeps the others when one is set again', () => {
    const memo = createMemo<number>(2)
    memo.set('a', 1)
    memo.set('b', 2)
    memo.set('b', 3)
    assert.deepEqual([memo.get('a'), memo.get('b')], [1, 3])
  })
})
