import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import { widenHalves } from '../../../../src/floats/widen.ts'
import { HALF_DTYPES, readHalfVectors } from './vectors.ts'

const ALL = Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern)

for (const dtype of HALF_DTYPES) {
  const vectors = await readHalfVectors(dtype)
  const widened = new Float32Array(ALL.length)
  widenHalves(dtype, ALL, 0, ALL.length, widened)
  const words = new Uint32Array(widened.buffer)

  describe(`widenHalves of ${dtype}`, () => {
    it('gives the frozen bits for all 65,536 patterns', () => {
      let next = 0
      for (const [first, count, bits, step] of vectors.widen.runs) {
        assert.equal(first, next)
        for (let i = 0; i < count; i++) assert.equal(words[first + i], bits + i * step, `pattern ${first + i}`)
        next += count
      }
      assert.equal(next, 65_536)
      assert.equal(hash('sha256', new Uint8Array(words.buffer)), vectors.widen.sha256)
    })

    it('takes a part from anywhere and leaves the rest of its output', () => {
      const out = new Float32Array(5).fill(7)
      widenHalves(dtype, ALL, 1000, 3, out)
      assert.deepEqual(out, new Float32Array([...widened.subarray(1000, 1003), 7, 7]))
    })
  })
}
