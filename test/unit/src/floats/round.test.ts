import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { HALF_FORMATS, type HalfDtype, infinityBits } from '../../../../src/floats/dtypes.ts'
import { roundToHalves } from '../../../../src/floats/round.ts'
import { widenHalves } from '../../../../src/floats/widen.ts'
import { doubleOf, HALF_DTYPES, neighbour, readHalfVectors } from './vectors.ts'

function round(dtype: HalfDtype, values: readonly number[] | Float64Array): Uint16Array {
  const out = new Uint16Array(values.length)
  roundToHalves(dtype, Float64Array.from(values), values.length, out, 0)
  return out
}

function widened(dtype: HalfDtype, pattern: number): number {
  const out = new Float32Array(1)
  widenHalves(dtype, Uint16Array.of(pattern), 0, 1, out)
  return out[0] ?? Number.NaN
}

/** The definition, in exact integers: multiples of 2^-1200 hold every double and every element. */
function nearest(dtype: HalfDtype, value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0
  const infinity = infinityBits(dtype)
  const exact = (number: number) => {
    const [bits = 0n] = new BigUint64Array(new Float64Array([number]).buffer)
    const exponent = Number((bits >> 52n) & 0x7ffn)
    const fraction = (bits & 0xfffffffffffffn) | (exponent > 0 ? 0x10000000000000n : 0n)
    return fraction << BigInt(Math.max(exponent, 1) + 1200 - 1075)
  }
  const size = exact(Math.abs(value))
  const at = (pattern: number) =>
    pattern < infinity
      ? exact(widened(dtype, pattern))
      : 2n * exact(widened(dtype, infinity - 1)) - exact(widened(dtype, infinity - 2))
  let [low, high] = [0, infinity]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (at(middle) <= size) low = middle
    else high = middle
  }
  const [down, up] = [size - at(low), at(high) - size]
  return sign | (down < up || (down === up && low % 2 === 0) ? low : high)
}

for (const dtype of HALF_DTYPES) {
  const vectors = await readHalfVectors(dtype)
  const { fractionBits, exponentBits } = HALF_FORMATS[dtype]
  const infinity = infinityBits(dtype)

  describe(`roundToHalves to ${dtype}`, () => {
    it('gives the frozen bits at the edges of the format and for random doubles', () => {
      assert.ok(vectors.round.length > 400)
      for (const { title, f64, bits } of vectors.round) {
        const [found = 0] = round(dtype, [doubleOf(f64)])
        assert.equal(found.toString(16).padStart(4, '0'), bits, title ?? f64)
      }
    })

    it('takes every tie to the even neighbour, and the doubles beside it to the nearer one', () => {
      const bias = 2 ** (exponentBits - 1) - 1
      const doubles: number[] = []
      for (let pattern = 0; pattern < infinity; pattern++) {
        const step = 2 ** (Math.max(pattern >> fractionBits, 1) - bias - fractionBits)
        const tie = widened(dtype, pattern) + step / 2
        const three = [neighbour(tie, -1), tie, neighbour(tie, 1)]
        doubles.push(...three, ...three.map((value) => -value))
      }
      const rounded = round(dtype, doubles)
      for (let pattern = 0; pattern < infinity; pattern++) {
        const found = [...rounded.subarray(6 * pattern, 6 * pattern + 3)]
        assert.deepEqual(found, [pattern, pattern + (pattern % 2), pattern + 1], `pattern ${pattern}`)
      }
      assert.equal(hash('sha256', new Uint8Array(rounded.buffer)), vectors.ties.sha256)
    })

    it('gives back every finite pattern, subnormals and -0 too', () => {
      const patterns = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter(
        (bits) => (bits & infinity) !== infinity,
      )
      const values = Array.from(patterns, (pattern) => widened(dtype, pattern))
      assert.deepEqual(round(dtype, values), patterns)
    })

    it('equals exact arithmetic on doubles of every size', () => {
      const near = fc.tuple(
        fc.integer({ min: -160, max: 140 }),
        fc.double({ min: 1, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 52 }),
      )
      const double = fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        near.map(([exponent, value, kept]) => Math.round(value * 2 ** kept) * 2 ** (exponent - kept)),
      )
      fc.assert(
        fc.property(double, fc.boolean(), (value, minus) => {
          const signed = minus ? -value : value
          assert.equal(round(dtype, [signed])[0], nearest(dtype, signed), String(signed))
        }),
        { numRuns: 3000, seed: 7 },
      )
    })

    it('does not go by way of F32', () => {
      const tie = 1 + 2 ** -(fractionBits + 1)
      const [one = 0] = round(dtype, [1])
      assert.deepEqual([...round(dtype, [tie - 2 ** -40, tie, tie + 2 ** -40])], [one, one, one + 1])
      assert.equal(Math.fround(tie + 2 ** -40), tie)
    })

    it('makes what is too large infinity, and keeps NaN one', () => {
      const [large = 0, minus = 0, nan = 0] = round(dtype, [1e300, Number.NEGATIVE_INFINITY, Number.NaN])
      assert.deepEqual([large, minus], [infinity, 0x8000 | infinity])
      assert.ok((nan & infinity) === infinity && nan % 0x8000 > infinity)
    })

    it('writes where it is told and nowhere else', () => {
      const out = new Uint16Array(6).fill(9)
      roundToHalves(dtype, new Float64Array([1, 2, 4]), 2, out, 3)
      assert.deepEqual([...out], [9, 9, 9, ...round(dtype, [1, 2]), 9])
    })
  })
}
