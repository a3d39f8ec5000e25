import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Example, Label } from '../../../../src/ports/dataset.ts'
import { createHoldOut } from '../../../../src/training/hold-out.ts'
import { splitExamples } from '../../../../src/training/split.ts'

function heldOut(examples: readonly Example[], options: { fraction: number; seed: number }): readonly Example[] {
  const labels = examples.flatMap(({ label }) => (typeof label === 'object' ? label : []))
  const labelRows = [...new Set(labels)].map((name) => [name, labels.filter((one) => one === name).length] as const)
  const holdOut = createHoldOut({ ...options, labelRows })
  for (const example of examples) holdOut.add(example)
  const isHeldOut = holdOut.choose()
  return examples.filter((_, place) => isHeldOut(place))
}

const examples = (labelOf: (row: number) => Label): readonly Example[] =>
  // Every tenth is a copy of another.
  Array.from({ length: 400 }, (_, row) => ({
    text: `text ${row % 10 === 0 ? 1 : row}`,
    label: labelOf(row % 10 === 0 ? 1 : row),
  }))

describe('createHoldOut', () => {
  it('holds out the rows that splitExamples does', () => {
    const several = (row: number) => ['common', ...(row % 9 === 0 ? ['rare'] : []), ...(row % 4 === 0 ? ['some'] : [])]
    const none = (row: number) => (row % 2 === 0 ? [] : several(row))
    for (const labelOf of [(row: number) => `label ${row % 3}`, (row: number) => row / 7, several, none]) {
      const rows = examples(labelOf)
      for (const options of [
        { fraction: 0.1, seed: 1 },
        { fraction: 0.5, seed: 2 },
      ]) {
        assert.deepEqual(heldOut(rows, options), splitExamples(rows, options).validation)
      }
    }
  })

  it('holds out a rare label among several, which a share of all rows would miss', () => {
    const rows = Array.from({ length: 200 }, (_, row): Example => {
      return { text: `text ${row}`, label: row < 3 ? ['common', 'rare'] : ['common'] }
    })
    const rare = heldOut(rows, { fraction: 0.02, seed: 1 }).filter(
      ({ label }) => Array.isArray(label) && label.length > 1,
    )
    assert.equal(rare.length, 1)
  })

  it('leaves every label a row to learn from', () => {
    const rows: Example[] = ['a', 'b', 'c'].flatMap((label) => [0, 1].map((row) => ({ text: `${label}${row}`, label })))
    assert.equal(heldOut(rows, { fraction: 0.99, seed: 1 }).length, 3)
    assert.equal(heldOut(rows.slice(0, 1), { fraction: 0.5, seed: 1 }).length, 0)
  })
})
