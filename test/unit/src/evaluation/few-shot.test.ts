import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sampleFewShot } from '../../../../src/evaluation/few-shot.ts'
import type { Example } from '../../../../src/ports/dataset.ts'

const rowsOf = (label: string, count: number): Example[] =>
  Array.from({ length: count }, (_, index) => ({ text: `${label} ${index}`, label }))
const countsOf = (sample: readonly Example[]) =>
  Object.fromEntries(
    [...new Set(sample.map(({ label }) => label))]
      .sort()
      .map((label) => [label, sample.filter((row) => row.label === label).length]),
  )

describe('sampleFewShot', () => {
  const rows = [...rowsOf('a', 900), ...rowsOf('b', 90), ...rowsOf('c', 200)]

  it('takes 100 rows, as many of each label as can be', () => {
    const counts = Object.values(countsOf(sampleFewShot(rows, { seed: 1 })))
    assert.equal(counts.length, 3)
    assert.deepEqual(counts.toSorted(), [33, 33, 34])
  })

  it('takes all of a label that has too few, and others instead', () => {
    assert.deepEqual(countsOf(sampleFewShot([...rowsOf('a', 900), ...rowsOf('b', 7)], { seed: 1 })), { a: 93, b: 7 })
  })

  it('takes every row of a task that has fewer', () => {
    assert.equal(sampleFewShot(rowsOf('a', 12), { seed: 1 }).length, 12)
  })

  it('takes copies of a row once', () => {
    const copies = [...rowsOf('a', 3), ...rowsOf('a', 3), ...rowsOf('b', 50)]
    assert.deepEqual(countsOf(sampleFewShot(copies, { seed: 1, count: 20 })), { a: 3, b: 17 })
  })

  it('is the same for a seed and another for another', () => {
    assert.deepEqual(sampleFewShot(rows, { seed: 4 }), sampleFewShot(rows, { seed: 4 }))
    assert.notDeepEqual(new Set(sampleFewShot(rows, { seed: 4 })), new Set(sampleFewShot(rows, { seed: 5 })))
  })

  it('gives some labels a row each where there are more labels than rows to take', () => {
    const many = Array.from({ length: 30 }, (_, index) => rowsOf(`label-${index}`, 4)).flat()
    assert.deepEqual(Object.values(countsOf(sampleFewShot(many, { seed: 2, count: 10 }))), Array(10).fill(1))
  })
})
