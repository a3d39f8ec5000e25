import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Example, Label } from '../../../../src/ports/dataset.ts'
import { createHoldOut } from '../../../../src/training/hold-out.ts'
import { splitExamples } from '../../../../src/training/split.ts'

function heldOut(examples: readonly Example[], options: { fraction: number; seed: number }): readonly Example[] {
  const holdOut = createHoldOut(options)
  for (const example of examples) holdOut.add(example)
  return examples.filter(holdOut.choose())
}

const examples = (labelOf: (row: number) => Label): readonly Example[] =>
  // Every tenth is a copy of another.
  Array.from({ length: 400 }, (_, row) => ({
    text: `text ${row % 10 === 0 ? 1 : row}`,
    label: labelOf(row % 10 === 0 ? 1 : row),
  }))

describe('createHoldOut', () => {
  it('holds out the rows that splitExamples does', () => {
    for (const labelOf of [(row: number) => `label ${row % 3}`, (row: number) => row / 7]) {
      const rows = examples(labelOf)
      for (const options of [
        { fraction: 0.1, seed: 1 },
        { fraction: 0.5, seed: 2 },
      ]) {
        assert.deepEqual(heldOut(rows, options), splitExamples(rows, options).validation)
      }
    }
  })

  it('leaves every label a row to learn from', () => {
    const rows: Example[] = ['a', 'b', 'c'].flatMap((label) => [0, 1].map((row) => ({ text: `${label}${row}`, label })))
    assert.equal(heldOut(rows, { fraction: 0.99, seed: 1 }).length, 3)
    assert.equal(heldOut(rows.slice(0, 1), { fraction: 0.5, seed: 1 }).length, 0)
  })
})
