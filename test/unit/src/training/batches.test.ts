import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bucketLength, evaluationBatches, trainingBatches } from '../../../../src/training/batches.ts'
import { createRandom } from '../../../../src/training/random.ts'

const lengths = Array.from({ length: 100 }, (_, index) => 3 + ((index * 37) % 60))

function take(count: number, options: { batch: number; maxTokens: number; seed?: number }, rows = lengths) {
  const random = createRandom(options.seed ?? 1, 'batches')
  return Array.from(trainingBatches(rows, { ...options, random }).take(count))
}

describe('bucketLength', () => {
  it('is the shortest bucket that fits, at most maxTokens', () => {
    assert.deepEqual(
      [1, 16, 17, 40, 48].map((tokens) => bucketLength(tokens, 48)),
      [16, 16, 32, 48, 48],
    )
    assert.equal(bucketLength(5, 8), 8)
  })
})

describe('trainingBatches', () => {
  it('takes every row as often as another', () => {
    const counts = Array(100).fill(0)
    for (const { rows } of take(100, { batch: 10, maxTokens: 64 })) for (const row of rows) counts[row]++
    assert.ok(
      counts.every((count) => count === 10),
      `${counts}`,
    )
  })

  it('fits all rows of a batch in its length, rows of like length together', () => {
    const batches = take(50, { batch: 8, maxTokens: 64 })
    for (const { rows, length } of batches) {
      assert.equal(length, Math.max(...rows.map((row) => bucketLength(lengths[row] ?? 0, 64))))
    }
    const padded = batches.reduce((sum, { length }) => sum + length, 0) / batches.length
    assert.ok(padded < 55, `${padded}`) // 64 when rows are mixed
  })

  it('has all rows in a batch where there are fewer than it takes', () => {
    const [first, second] = take(2, { batch: 32, maxTokens: 16 }, [4, 5, 6])
    assert.deepEqual(first?.rows.toSorted(), [0, 1, 2])
    assert.deepEqual(second?.rows.toSorted(), [0, 1, 2])
  })

  it('never has a row twice in a batch within an epoch', () => {
    for (const { rows } of take(10, { batch: 10, maxTokens: 64 })) assert.equal(new Set(rows).size, rows.length)
  })

  it('gives the same batches for the same seed, others for another', () => {
    const options = { batch: 8, maxTokens: 64 }
    assert.deepEqual(take(20, options), take(20, options))
    assert.notDeepEqual(take(20, options), take(20, { ...options, seed: 2 }))
  })

  it('puts other rows together in another epoch', () => {
    const same = Array(40).fill(10)
    const together = take(10, { batch: 8, maxTokens: 64 }, same).map(({ rows }) => String(rows.toSorted()))
    assert.equal(new Set(together).size, 10)
  })

  it('refuses no rows', () => {
    assert.throws(() => take(1, { batch: 8, maxTokens: 64 }, []), RangeError)
  })
})

describe('evaluationBatches', () => {
  it('takes every row once', () => {
    const rows = evaluationBatches(lengths, { batch: 32, maxTokens: 64 }).flatMap((batch) => batch.rows)
    assert.deepEqual(
      rows.toSorted((a, b) => a - b),
      [...lengths.keys()],
    )
    assert.deepEqual(evaluationBatches([], { batch: 32, maxTokens: 64 }), [])
  })
})
