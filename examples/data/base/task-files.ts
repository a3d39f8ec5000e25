import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { csvDataset, type Dataset, type Example } from 'coldmesh'

const FOLDER = join(import.meta.dirname, '../tasks')

interface TaskDescription {
  readonly name: string
  readonly role: 'contributor' | 'unseen'
  readonly baselines: { readonly majority: number; readonly tfidf: number }
}

export interface Task extends TaskDescription {
  /** Training rows, with the validation rows beside. */
  readonly dataset: Dataset
  readonly test: readonly Example[]
}

/** The tasks of tasks.json with their rows. */
export async function readTasks(): Promise<Task[]> {
  const { tasks }: { tasks: TaskDescription[] } = JSON.parse(readFileSync(join(FOLDER, 'tasks.json'), 'utf8'))
  return Promise.all(
    tasks.map(async (task) => {
      const read = (split: string) => csvDataset(join(FOLDER, task.name, `${split}.csv`), { name: task.name })
      const [train, validation, test] = await Promise.all([read('train'), read('validation'), read('test')])
      return { ...task, dataset: { ...train, validation: validation.examples }, test: test.examples }
    }),
  )
}
