import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPeerOrder } from '../../../../../src/adapters/helia/peer-order.ts'
import { createUnanswered } from '../../../../../src/adapters/helia/unanswered.ts'

describe('createPeerOrder', () => {
  it('begins with the wanted, and ends with those that failed', () => {
    const order = createPeerOrder(['b', 'd'])
    assert.deepEqual(order.list(['a', 'b', 'c', 'd']), ['b', 'd', 'a', 'c'])
    order.failed('b')
    assert.deepEqual(order.list(['a', 'b', 'c', 'd']), ['d', 'a', 'c', 'b'])
    order.succeeded('b')
    assert.deepEqual(order.list(['a', 'b', 'c', 'd']), ['b', 'd', 'a', 'c'])
  })

  it('asks after all others who left questions unanswered in any fetch, until it gives something', () => {
    const unanswered = createUnanswered()
    unanswered.add('b')
    const order = createPeerOrder(['b'], unanswered.count)
    assert.deepEqual(order.list(['a', 'b', 'c']), ['a', 'c', 'b'])
    order.failed('a')
    assert.deepEqual(order.list(['a', 'b', 'c']), ['c', 'b', 'a'])
    unanswered.clear('b')
    assert.deepEqual(createPeerOrder(['b'], unanswered.count).list(['a', 'b', 'c']), ['b', 'a', 'c'])
  })
})

describe('createUnanswered', () => {
  it('counts for each peer, and forgets the oldest of very many', () => {
    const unanswered = createUnanswered()
    unanswered.add('first')
    unanswered.add('first')
    assert.equal(unanswered.count('first'), 2)
    for (let i = 0; i < 1024; i++) unanswered.add(`peer ${i}`)
    assert.equal(unanswered.count('first'), 0)
    assert.equal(unanswered.count('peer 0'), 1)
  })
})
