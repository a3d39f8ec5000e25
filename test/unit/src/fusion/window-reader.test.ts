import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWindowReader } from '../../../../src/fusion/window-reader.ts'
import { stream } from './support.ts'

const bytes = new Uint8Array(100).map((_, i) => i)

describe('createWindowReader', () => {
  it('gives windows of the wanted size, the last one short, then none', async () => {
    for (const sizes of [[1], [7], [40], [100], [3, 60]]) {
      const reader = createWindowReader(stream(bytes, sizes), 40)
      for (const [from, to] of [
        [0, 40],
        [40, 80],
        [80, 100],
        [100, 100],
      ] as const) {
        const window = await reader.take(40)
        assert.deepEqual([...window], [...bytes.subarray(from, to)])
        assert.equal(window.byteOffset % 4, 0)
      }
      assert.equal(await reader.isAtEnd(), true)
    }
  })

  it('hands out the stream’s own memory where it fits', async () => {
    const whole = new Uint8Array(new ArrayBuffer(100))
    async function* one() {
      yield whole
    }
    const reader = createWindowReader(one(), 40)
    assert.equal((await reader.take(40)).buffer, whole.buffer)
    assert.equal((await reader.take(40)).byteOffset, 40)
    assert.equal(await reader.isAtEnd(), false)
  })

  it('skips empty chunks', async () => {
    async function* gaps() {
      yield new Uint8Array()
      yield bytes.subarray(0, 4)
      yield new Uint8Array()
      yield bytes.subarray(4, 8)
      yield new Uint8Array()
    }
    const reader = createWindowReader(gaps(), 8)
    assert.deepEqual([...(await reader.take(8))], [...bytes.subarray(0, 8)])
    assert.equal(await reader.isAtEnd(), true)
  })

  it('closes once', async () => {
    let closed = 0
    async function* source() {
      try {
        yield bytes
        yield bytes
      } finally {
        closed++
      }
    }
    const reader = createWindowReader(source(), 100)
    await reader.take(100)
    await reader.close()
    await reader.close()
    assert.equal(closed, 1)
  })
})
