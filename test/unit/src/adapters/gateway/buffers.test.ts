import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBuffers } from '../../../../../src/adapters/gateway/client/buffers.ts'

describe('the buffers of all fetches', () => {
  it('are used again while somebody fetches, and not kept after', () => {
    const buffers = createBuffers({ bytes: 8, max: 2 })
    const first = buffers.hold()
    const one = buffers.take()
    buffers.giveBack(one)
    assert.equal(buffers.take(), one)
    buffers.giveBack(one)
    first[Symbol.dispose]()
    using _ = buffers.hold()
    assert.notEqual(buffers.take(), one)
  })

  it('wake all who wait once there is room, also those that have none in use', () => {
    const buffers = createBuffers({ bytes: 8, max: 2 })
    using _ = buffers.hold()
    const taken = [buffers.take(), buffers.take(), buffers.take()]
    assert.equal(buffers.haveRoom, false)
    let woken = 0
    for (let i = 0; i < 2; i++) buffers.whenRoom(() => woken++)
    const counts = taken.map((buffer) => {
      buffers.giveBack(buffer)
      return woken
    })
    assert.deepEqual(counts, [0, 2, 2])
  })
})
