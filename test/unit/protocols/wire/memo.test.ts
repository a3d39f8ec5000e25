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
  it('forgets in the order in which they came, however many came before', () => {
    const memo = createMemo<number>(3)
    for (let i = 0; i < 100; i++) {
      memo.set(String(i), i)
      if (i % 7 === 0) memo.set(String(i), i)
      const here = [i - 3, i - 2, i - 1, i].map((n) => memo.get(String(n)))
      if (i >= 3) assert.deepEqual([memo.size, ...here], [3, undefined, i - 2, i - 1, i])
    }
  })
})
