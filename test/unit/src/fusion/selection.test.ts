import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createSelection, keptElements } from '../../../../src/fusion/magnitudes.ts'
import { sortingNetwork } from '../../../../src/fusion/sorting-network.ts'

describe('sortingNetwork', () => {
  it('sorts every list of zeros and ones up to 16 values, so every list', () => {
    for (let count = 1; count <= 16; count++) {
      const network = sortingNetwork(count)
      for (let word = 0; word < 2 ** count; word++) {
        let bits = word
        for (const [low, high] of network) {
          const isSwapped = ((bits >> low) & 1) > ((bits >> high) & 1)
          if (isSwapped) bits ^= (1 << low) | (1 << high)
        }
        const ones = bits.toString(2).replaceAll('0', '').length
        assert.equal(bits, (2 ** count - 1) ^ (2 ** (count - ones) - 1), `${count} values`)
      }
    }
  })

  it('sorts lists of 1 to 64 values', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 64 }), (values) => {
        const sorted = [...values]
        for (const [low, high] of sortingNetwork(values.length)) {
          const [a = 0, b = 0] = [sorted[low], sorted[high]]
          sorted[low] = Math.min(a, b)
          sorted[high] = Math.max(a, b)
        }
        assert.deepEqual(
          sorted,
          values.toSorted((a, b) => a - b),
        )
      }),
      { numRuns: 500, seed: 7 },
    )
  })
})

describe('createSelection', () => {
  it('finds the k-th greatest magnitude and how many of its equals are kept', () => {
    const value = fc.oneof(
      fc.constantFrom(0, -0, 1, -1, 1.5, 2 ** -149, 3.4e38, -3.4e38).map(Math.fround),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    )
    const property = fc.property(
      fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (pairs, share) => {
        const inputs = [Float32Array.from(pairs, ([w]) => w)]
        const base = Float32Array.from(pairs, ([, b]) => b)
        const kept = Math.max(1, Math.round(share * pairs.length))
        const selection = createSelection(1, kept)
        const block = { length: pairs.length, base, inputs, parents: [null] }
        selection.add(block)
        assert.equal(selection.next(), null)
        selection.add(block)
        const [found] = selection.next() ?? []
        const sizes = pairs.map(([w, b]) => Math.fround(Math.abs(w - b))).sort((x, y) => y - x)
        const size = sizes[kept - 1] ?? 0
        const key = new Uint32Array(Float32Array.of(size).buffer)[0]
        assert.deepEqual(found, { key, equal: kept - sizes.filter((other) => other > size).length })
      },
    )
    fc.assert(property, { numRuns: 500, seed: 7 })
  })
})

describe('keptElements', () => {
  it('rounds down, by integers, and keeps at least one', () => {
    assert.equal(keptElements(10, 199_999_999), 1)
    assert.equal(keptElements(10, 200_000_000), 2)
    assert.equal(keptElements(10, 1), 1)
    assert.equal(keptElements(2 ** 40 + 1, 999_999_999), 1_099_511_626_677)
    assert.equal(keptElements(7, 1_000_000_000), 7)
  })
})
