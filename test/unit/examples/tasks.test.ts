import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'csv-parse/sync'
import { SPLITS, type Split, textKey } from '../../../examples/data/sources/split.ts'

const folder = join(import.meta.dirname, '../../../examples/data/tasks')
const MAX_BYTES = 4 * 2 ** 20

interface Task {
  readonly name: string
  readonly role: string
  readonly columns: readonly string[]
  readonly classes: readonly string[]
  readonly rows: Readonly<Record<Split, number>>
  readonly baselines: { readonly majority: number; readonly tfidf: number } | null
}

const { tasks }: { tasks: Task[] } = JSON.parse(readFileSync(join(folder, 'tasks.json'), 'utf8'))

function rowsOf(task: Task, split: Split): Record<string, string>[] {
  return parse(readFileSync(join(folder, task.name, `${split}.csv`)), { columns: true })
}

describe('shipped tasks', () => {
  it('has four contributors and at least two unseen tasks', () => {
    assert.equal(tasks.filter(({ role }) => role === 'contributor').length, 4)
    assert.ok(tasks.filter(({ role }) => role === 'unseen').length >= 2)
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
