import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openTrainingData, readExamples } from '../../../../src/adapters/datasets/index.ts'
import type { EvaluationMode } from '../../../../src/evaluation/plans.ts'
import { fitTfidf } from '../../../../src/evaluation/tfidf.ts'
import { wordScore } from '../../../../src/evaluation/word-score.ts'
import type { Dataset, Example, Examples } from '../../../../src/ports/dataset.ts'

const TEXTS = ['the cat sat on the mat', 'a dog and the cat', 'Über die Brücke, der Hund']

describe('fitTfidf', () => {
  it('weighs words and pairs of words as scikit-learn does', () => {
    const tfidf = fitTfidf(TEXTS.map((text) => ({ text })))
    assert.equal(tfidf.size, 23)
    const { values } = tfidf.row({ text: 'The cat, the dog and the zebra sat' })
    // scikit-learn 1.9.1, of: the, cat, dog, and, sat, the cat, dog and, and the.
    const expected = [0.540982, 0.257781, 0.338951, 0.338951, 0.338951, 0.257781, 0.338951, 0.338951]
    assert.deepEqual([...values].map((value) => Number(value.toFixed(6))).sort(), expected.toSorted())
    assert.equal(tfidf.row({ text: 'nothing known' }).columns.length, 0)
  })

  it('counts the two texts of a pair by themselves', () => {
    const tfidf = fitTfidf([{ text: 'red', pair: 'blue' }])
    const columns = (text: string, pair: string) => [...tfidf.row({ text, pair }).columns]
    assert.deepEqual([columns('red', 'blue'), columns('blue', 'red'), columns('red', '')], [[0, 1], [], [0]])
  })
})

const scoreOf = (train: Dataset<Examples>, test: Examples, mode: EvaluationMode = 'full') =>
  wordScore({ task: { name: train.name, train, test }, mode, seeds: [1, 2] }, readExamples)

describe('wordScore', () => {
  const at = (name: string) =>
    join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'data', 'tasks', 'wn-animal', name)

  it('is near what scikit-learn gives for a shipped task, the same again, and the same of rows that stay in their file', async () => {
    const test = await openTrainingData(at('test.csv'))
    const score = await scoreOf(await openTrainingData(at('train.csv')), test.examples)
    assert.ok(Math.abs(score - 0.8448) < 0.015, String(score))
    const stored = await openTrainingData(at('train.csv'), { memoryCharacters: 1 })
    assert.ok(!Array.isArray(stored.examples))
    assert.equal(await scoreOf(stored, test.examples), score)
  })

  it('learns less from a hundred labels', async () => {
    const [train, test] = [await openTrainingData(at('train.csv')), await openTrainingData(at('test.csv'))]
    const score = await scoreOf(train, test.examples, 'few-shot')
    assert.ok(score > 0.4 && score < 0.75, String(score))
  })

  it('learns numbers and several labels', async () => {
    const words = ['good', 'fine', 'poor', 'bad']
    const texts = Array.from({ length: 200 }, (_, row) => `${words[row % 4]} ${words[(row >> 2) % 4]} thing ${row}`)
    const count = (text: string, word: string) => text.split(word).length - 1
    const numbers = texts.map((text): Example => ({ text, label: 100 + count(text, 'good') - count(text, 'bad') }))
    const sets = texts.map((text): Example => ({ text, label: words.filter((word) => text.includes(word)) }))
    const split = (rows: readonly Example[]) => [rows.slice(0, 150), rows.slice(150)] as const
    const [some, others] = split(numbers)
    assert.ok((await scoreOf({ name: 'n', task: 'regression', labels: [], examples: some }, others)) > 0.9)
    const [known, asked] = split(sets)
    assert.ok((await scoreOf({ name: 's', task: 'multi-label', labels: words, examples: known }, asked)) > 0.95)
  })
})
