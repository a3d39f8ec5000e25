import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseFewShot } from '../../../../src/evaluation/few-shot-places.ts'
import type { Example } from '../../../../src/ports/dataset.ts'

const rowsOf = (label: string, count: number): Example[] =>
  Array.from({ length: count }, (_, index) => ({ text: `${label} ${index}`, label }))

async function sample(rows: readonly Example[], options: { count?: number; seed: number }) {
  const reading = (async function* () {
    yield* rows
  })()
  const places = await chooseFewShot(reading, { count: 100, ...options })
  return places.map((place) => rows[place] ?? { text: '', label: '' })
}

const countsOf = (sampled: readonly Example[]) =>
  Object.fromEntries(
    [...new Set(sampled.map(({ label }) => String(label)))]
      .sort()
      .map((label) => [label, sampled.filter((row) => row.label === label).length]),
  )

describe('chooseFewShot', () => {
  const rows = [...rowsOf('a', 900), ...rowsOf('b', 90), ...rowsOf('c', 200)]

  it('takes 100 rows, as many of each label as can be, and all of one that has too few', async () => {
    assert.deepEqual(Object.values(countsOf(await sample(rows, { seed: 1 }))).toSorted(), [33, 33, 34])
    assert.deepEqual(countsOf(await sample([...rowsOf('a', 900), ...rowsOf('b', 7)], { seed: 1 })), { a: 93, b: 7 })
    assert.equal((await sample(rowsOf('a', 12), { seed: 1 })).length, 12)
  })

  it('takes copies of a row once', async () => {
    const copies = [...rowsOf('a', 3), ...rowsOf('a', 3), ...rowsOf('b', 50)]
    assert.deepEqual(countsOf(await sample(copies, { seed: 1, count: 20 })), { a: 3, b: 17 })
  })

  it('takes the same rows in any order of the file, and others for another seed', async () => {
    const texts = async (from: readonly Example[], seed: number) =>
      new Set((await sample(from, { seed })).map(({ text }) => text))
    assert.deepEqual(await texts(rows, 4), await texts(rows.toReversed(), 4))
    assert.notDeepEqual(await texts(rows, 4), await texts(rows, 5))
  })

  it('gives some labels a row each where there are more labels than rows to take', async () => {
    const many = Array.from({ length: 300 }, (_, index) => rowsOf(`label-${index}`, 4)).flat()
    assert.deepEqual(Object.values(countsOf(await sample(many, { seed: 2, count: 10 }))), Array(10).fill(1))
  })
})
