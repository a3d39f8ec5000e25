import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { infinityBits } from '../../../../src/floats/dtypes.ts'
import { firstNonFinite, firstNonFiniteFloat } from '../../../../src/floats/scan.ts'
import { finiteFloats } from '../fusion/support.ts'
import { HALF_DTYPES } from './vectors.ts'

describe('firstNonFiniteFloat', () => {
  it('is -1 for finite values, subnormal, zero and largest ones too', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }).chain(finiteFloats), (data) =>
        assert.equal(firstNonFiniteFloat(data), -1),
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
          assert.equal(firstNonFiniteFloat(new Float32Array(words.buffer, 4)), at)
        }
      }
    }
  })

  it('gives the first of several', () => {
    const data = new Float32Array(100)
    for (const at of [70, 33, 90]) data[at] = Number.NaN
    assert.equal(firstNonFiniteFloat(data), 33)
  })
})

// fault 72
describe('firstNonFinite', () => {
  it('takes of the 65,536 patterns of BF16 and F16 those with an exponent of all ones, at every place', () => {
    for (const dtype of HALF_DTYPES) {
      const infinity = infinityBits(dtype)
      for (let pattern = 0; pattern < 65_536; pattern++) {
        const at = pattern % 11
        const halves = new Uint16Array(11).fill(infinity - 1)
        halves[at] = pattern
        const finite = pattern % 0x8000 < infinity
        assert.equal(firstNonFinite(dtype, new Uint8Array(halves.buffer)), finite ? -1 : at, `${dtype} ${pattern}`)
      }
    }
  })

  it('gives the first of several, in every float type', () => {
    for (const [dtype, bytes, bits] of [
      ['F32', 4, 0x7f800001],
      ['BF16', 2, 0x7f81],
      ['F16', 2, 0xfc01],
    ] as const) {
      const data = new DataView(new ArrayBuffer(100 * bytes))
      for (const at of [70, 33, 90]) {
        if (bytes === 4) data.setUint32(at * bytes, bits, true)
        else data.setUint16(at * bytes, bits, true)
      }
      assert.equal(firstNonFinite(dtype, new Uint8Array(data.buffer)), 33)
    }
  })
})
