import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { Dataset, Example } from '../../../src/ports/dataset.ts'
import type { Split } from '../sources/split.ts'

const FOLDER = join(import.meta.dirname, '../tasks')

export interface TaskDescription {
  readonly name: string
  readonly role: 'contributor' | 'unseen'
  readonly classes: readonly string[]
  readonly baselines: { readonly majority: number; readonly tfidf: number }
}

export interface Task extends TaskDescription {
  readonly dataset: Dataset
  readonly test: readonly Example[]
}

/** The tasks of tasks.json with their rows. */
export function readTasks(): Task[] {
  const { tasks }: { tasks: TaskDescription[] } = JSON.parse(readFileSync(join(FOLDER, 'tasks.json'), 'utf8'))
  return tasks.map((task) => ({
    ...task,
    dataset: {
      name: task.name,
      labels: task.classes,
      examples: readRows(task.name, 'train'),
      validation: readRows(task.name, 'validation'),
    },
    test: readRows(task.name, 'test'),
  }))
}

function readRows(task: string, split: Split): Example[] {
  const rows: Record<string, string>[] = parse(readFileSync(join(FOLDER, task, `${split}.csv`)), { columns: true })
  return rows.map(({ text = '', pair, label = '' }) => (pair === undefined ? { text, label } : { text, pair, label }))
}
