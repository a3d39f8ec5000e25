import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { addCounts, clearCounts, createCounts, readCounts } from '../../../../../src/adapters/fusion/counts.ts'

const BINS = 65_536

describe('counts', () => {
  it('add up past 32 bits, each input’s apart', () => {
    const counts = createCounts(3)
    const read = (input: number) => readCounts(counts, input, new Float64Array(BINS))
    const most = 2 ** 32 - 1
    for (const input of [0, 1, 2]) {
      for (let turn = 0; turn <= input; turn++) {
        const found = new Uint32Array(BINS)
        found[7] = most
        found[BINS - 1] = turn
        addCounts(counts, input, found)
        assert.ok(found.every((count) => count === 0))
      }
    }
    for (const input of [0, 1, 2]) {
      const found = read(input)
      assert.equal(found[7], (input + 1) * most)
      assert.equal(found[BINS - 1], [0, 1, 3][input])
      assert.equal(
        found.reduce((sum, count) => sum + count),
        (found[7] ?? 0) + (found[BINS - 1] ?? 0),
      )
    }
    clearCounts(counts)
    assert.ok(read(2).every((count) => count === 0))
  })
})
