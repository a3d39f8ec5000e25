import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEventWriter } from '../../../../node/text/events.ts'
import { describeReading } from '../../../../node/text/reading.ts'

const progress = { path: '/data/reviews.jsonl', rows: 590_123, bytes: 1_234_000_000, totalBytes: 3_000_000_000 }

describe('describeReading', () => {
  it('says how much of what there is was read', () => {
    assert.equal(describeReading(progress), 'reads reviews.jsonl: 1.2 of 3.0 GB, 590,123 rows')
    const small = { ...progress, bytes: 2_500_000, totalBytes: 9_000_000, rows: 7 }
    assert.equal(describeReading(small), 'reads reviews.jsonl: 2.5 of 9.0 MB, 7 rows')
    assert.equal(describeReading({ ...progress, totalBytes: null }), 'reads reviews.jsonl: 590,123 rows')
  })
})

describe('reading in a round', () => {
  it('is a line for each tenth of the file', () => {
    const write = createEventWriter()
    const lines = Array.from({ length: 101 }, (_, percent) =>
      write({ type: 'reading', round: 2, task: 'reviews', ...progress, bytes: percent * 30_000_000 }),
    )
    const told = lines.filter((line) => line !== null)
    assert.equal(told.length, 10)
    assert.equal(told[0], 'round 2: reads reviews.jsonl: 0.3 of 3.0 GB, 590,123 rows')
  })
})
