import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { clipFactors, decodeNorm, encodeNorm } from '../../../../protocols/lineage/clipping.ts'

const finite = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((norm) => norm + 0)
const several = fc.array(finite, { minLength: 1, maxLength: 64 })

/** A double as a fraction of 2^-1074, by doubling: no bits are looked at. */
function exact(norm: number): bigint {
  let value = norm
  let doublings = 0
  while (!Number.isInteger(value)) {
    value *= 2
    doublings += 1
  }
  return BigInt(value) << BigInt(1074 - doublings)
}

describe('clipFactors', () => {
  it('leaves the lower median and what is shorter as it is, and halves what is twice as long', () => {
    assert.deepEqual(clipFactors([1]), [65_536])
    assert.deepEqual(clipFactors([4, 1]), [32_768, 65_536])
    assert.deepEqual(clipFactors([16, 0.5, 1, 4]), [16_384, 65_536, 65_536, 32_768])
    assert.deepEqual(clipFactors([2, 1]), [46_340, 65_536])
  })

  it('takes nothing of what moved where the median did not', () => {
    assert.deepEqual(clipFactors([0, 5e-324, 0]), [65_536, 0, 65_536])
    assert.deepEqual(clipFactors([0, 0]), [65_536, 65_536])
  })

  it('is the largest that keeps the square below the median’s, exactly', () => {
    fc.assert(
      fc.property(several, (norms) => {
        const median = norms.toSorted((a, b) => a - b)[Math.floor((norms.length - 1) / 2)] ?? 0
        const bound = exact(median) << 32n
        for (const [i, factor] of clipFactors(norms).entries()) {
          const norm = exact(norms[i] ?? 0)
          assert.ok(factor >= 0 && factor <= 65_536)
          assert.ok(BigInt(factor) ** 2n * norm <= bound)
          if (factor < 65_536) assert.ok(BigInt(factor + 1) ** 2n * norm > bound)
        }
      }),
      { numRuns: 300, seed: 7 },
    )
  })
})

describe('decodeNorm', () => {
  it('reads what encodeNorm writes, at any place', () => {
    fc.assert(
      fc.property(finite, (norm) => {
        const bytes = Uint8Array.from([9, ...encodeNorm(norm), 9]).subarray(1, 9)
        assert.ok(Object.is(decodeNorm(bytes), norm))
      }),
      { numRuns: 300, seed: 7 },
    )
    assert.deepEqual([...encodeNorm(1)], [0x3f, 0xf0, 0, 0, 0, 0, 0, 0])
  })

  it('refuses what is no norm', () => {
    for (const wrong of [-1, -0, Number.NaN, Number.POSITIVE_INFINITY, -5e-324])
      assert.equal(decodeNorm(encodeNorm(wrong)), null)
  })
})
