import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import parseExpression from 'spdx-expression-parse'
import { fewRows, readTasks } from '../../../examples/data/base/task-files.ts'
import { SPLITS, type Split, textKey } from '../../../examples/data/sources/split.ts'
import { readDemoTasks } from '../../../node/demo/tasks.ts'

const folder = join(import.meta.dirname, '../../../examples/data/tasks')
const MAX_BYTES = 4 * 2 ** 20

interface Task {
  readonly name: string
  readonly role: string
  readonly columns: readonly string[]
  readonly maxTokens: number
  readonly license: string
  readonly licenseFiles: readonly string[]
  readonly sources: readonly string[]
  readonly isTextPretrained?: boolean
  readonly classes: readonly string[]
  readonly rows: Readonly<Record<Split, number>>
  readonly baselines: { readonly majority: number; readonly tfidf: number } | null
}

const { tasks }: { tasks: Task[] } = JSON.parse(readFileSync(join(folder, 'tasks.json'), 'utf8'))

function rowsOf(task: Task, split: Split): Record<string, string>[] {
  return parse(readFileSync(join(folder, task.name, `${split}.csv`)), { columns: true })
}

describe('shipped tasks', () => {
  it('are thirteen, each with a name of its own', () => {
    assert.equal(new Set(tasks.map(({ name }) => name)).size, 13)
  })

  it('leave the demo its four seen and two unseen tasks', () => {
    const { seen, unseen } = readDemoTasks()
    assert.deepEqual(
      seen.map(({ name }) => name),
      ['wn-pos', 'wn-example-pos', 'wn-noun-supersense', 'wn-sentiment'],
    )
    assert.deepEqual(
      unseen.map(({ name }) => name),
      ['wn-animal', 'wn-verb-supersense'],
    )
  })

  it('say where their texts were in pretraining', () => {
    const known = tasks.filter(({ isTextPretrained }) => isTextPretrained).map(({ name }) => name)
    assert.deepEqual(known, ['sotu-era', 'name-list'])
  })

  for (const task of tasks) {
    it(`${task.name} has the rows, columns and classes that tasks.json says`, () => {
      for (const split of SPLITS) {
        const rows = rowsOf(task, split)
        assert.equal(rows.length, task.rows[split])
        assert.deepEqual(Object.keys(rows[0] ?? {}), task.columns)
        assert.deepEqual([...new Set(rows.map((row) => row['label']))].sort(), task.classes)
        assert.ok(rows.every((row) => task.columns.every((column) => row[column]?.trim() !== '')))
      }
    })

    it(`${task.name} is described with measured baselines`, () => {
      const { majority = 0, tfidf = 0 } = task.baselines ?? {}
      assert.ok(majority > 0 && majority < 1 && tfidf > 0 && tfidf < 1)
    })

    it(`${task.name} names its sources by version and a licence that ships`, () => {
      assert.ok(task.sources.length > 0 && task.sources.every((source) => /@\d+\.\d+\.\d+$/.test(source)))
      const files = task.licenseFiles.map((file) => join(folder, '..', file))
      assert.ok(files.length > 0 && files.every(existsSync), task.licenseFiles.join())
      assert.doesNotThrow(() => parseExpression(task.license), task.license)
    })

    it(`${task.name} has texts of about its ${task.maxTokens} tokens or fewer`, () => {
      const texts = rowsOf(task, 'train').map(({ text = '', pair = '' }) => `${text} ${pair}`)
      const words = texts.map((text) => text.split(/[\s-]+|(?=[,;.()])/).length).sort((a, b) => a - b)
      assert.ok((words[Math.floor(words.length * 0.9)] ?? 0) <= task.maxTokens)
    })
  }

  it('has no text on two sides, over all tasks', () => {
    const sideOf = new Map<string, Split>()
    for (const task of tasks) {
      for (const split of SPLITS) {
        for (const { text = '', pair } of rowsOf(task, split)) {
          const key = textKey(pair ?? text)
          assert.equal(sideOf.get(key) ?? split, split, `${task.name}: ${key}`)
          sideOf.set(key, split)
        }
      }
    }
    assert.ok(sideOf.size > 10_000)
  })

  it('stays small', () => {
    const files = tasks.flatMap(({ name }) => SPLITS.map((split) => join(folder, name, `${split}.csv`)))
    const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
    assert.ok(bytes < MAX_BYTES, `${bytes} bytes`)
  })
})

describe('fewRows', () => {
  it('takes the labels in turn, another choice for each seed, the same for one', async () => {
    const animal = (await readTasks()).find(({ name }) => name === 'wn-animal')
    assert.ok(animal)
    const few = (seed: number) => fewRows(animal.dataset, { rows: 100, seed }).examples
    const counts = Object.values(Object.groupBy(few(1), ({ label }) => String(label))).map((rows) => rows?.length ?? 0)
    assert.equal(counts.length, 8)
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join())
    assert.deepEqual(few(1), few(1))
    assert.notDeepEqual(few(1), few(2))
    assert.equal(new Set(few(1).map(({ text }) => text)).size, 100)
  })
})
