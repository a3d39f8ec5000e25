import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { firstNonFinite } from '../../../../src/fusion/scan.ts'
import { finiteFloats } from './support.ts'

describe('firstNonFinite', () => {
  it('is -1 for finite values, subnormal, zero and largest ones too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }).chain(finiteFloats), (data) =>
        assert.equal(firstNonFinite(data), -1),
      ),
      { numRuns: 300, seed: 7 },
    )
  })

  it('finds every pattern of NaN and infinity at every place', () => {
    for (const bits of [
      0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff,
    ]) {
      for (let length = 1; length <= 34; length++) {
        for (let at = 0; at < length; at++) {
          const words = new Uint32Array(length + 1).fill(0x7f7fffff)
          words[at + 1] = bits
          assert.equal(firstNonFinite(new Float32Array(words.buffer, 4)), at)
        }
      }
    }
  })

  it('gives the first of several', () => {
    const data = new Float32Array(100)
    for (const at of [70, 33, 90]) data[at] = Number.NaN
    assert.equal(firstNonFinite(data), 33)
  })
})
