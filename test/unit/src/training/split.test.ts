import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRandom } from '../../../../src/training/random.ts'
import { splitExamples } from '../../../../src/training/split.ts'

const examples = Array.from({ length: 200 }, (_, index) => ({
  text: `text ${index % 150}`,
  label: index % 150 < 30 ? 'rare' : 'common',
}))
const options = { fraction: 0.2, seed: 1 }

describe('splitExamples', () => {
  it('holds out the fraction of the different texts of each label', () => {
    const { training, validation } = splitExamples(examples, options)
    assert.equal(training.length + validation.length, examples.length)
    const heldOut = (label: string) =>
      new Set(validation.filter((row) => row.label === label).map(({ text }) => text)).size
    assert.equal(heldOut('rare'), 6)
    assert.equal(heldOut('common'), 24)
  })

  it('keeps copies of a row on one side, up to case and white space', () => {
    const copies = examples.flatMap((row) => [row, { ...row, text: ` ${row.text.toUpperCase()}  ` }])
    const { training, validation } = splitExamples(copies, options)
    const texts = new Set(training.map(({ text }) => text.toLowerCase().trim()))
    assert.ok(validation.length > 0)
    assert.ok(validation.every(({ text }) => !texts.has(text.toLowerCase().trim())))
  })

  it('chooses the same rows in any order, others for another seed', () => {
    const chosen = (rows: typeof examples, seed: number) =>
      [...new Set(splitExamples(rows, { ...options, seed }).validation.map(({ text }) => text))].sort()
    const shuffled = createRandom(1, 'test').shuffle([...examples])
    assert.deepEqual(chosen(shuffled, 1), chosen(examples, 1))
    assert.notDeepEqual(chosen(examples, 2), chosen(examples, 1))
  })

  it('tells pairs with one text apart', () => {
    const pairs = Array.from({ length: 20 }, (_, index) => ({ text: 'same', pair: `${index}`, label: 'a' }))
    assert.equal(splitExamples(pairs, options).validation.length, 4)
  })

  it('holds out one of two texts, and none of one', () => {
    const rows = [
      { text: 'a', label: 'x' },
      { text: 'b', label: 'x' },
      { text: 'c', label: 'y' },
    ]
    const { training, validation } = splitExamples(rows, { fraction: 0.01, seed: 1 })
    assert.deepEqual(
      validation.map(({ label }) => label),
      ['x'],
    )
    assert.equal(training.length, 2)
    assert.equal(splitExamples(rows, { fraction: 0.9, seed: 1 }).training.length, 2)
  })
})
