import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDataset, type Dataset, type Example } from 'coldmesh'
import { fraction } from '../sources/split.ts'

const FOLDER = join(import.meta.dirname, '../tasks')

interface TaskDescription {
  readonly name: string
  readonly role: 'contributor' | 'unseen'
  readonly maxTokens: number
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
      const read = (split: string) => openDataset(join(FOLDER, task.name, `${split}.csv`), { name: task.name })
      const [train, validation, test] = await Promise.all([read('train'), read('validation'), read('test')])
      return { ...task, dataset: { ...train, validation: validation.examples }, test: test.examples }
    }),
  )
}

/** Some training rows, another choice for each seed, of each label as many as of the others (or all it has). */
export function fewRows(dataset: Dataset, { rows, seed }: { rows: number; seed: number }): Dataset {
  const shuffled = dataset.examples
    .map((example) => ({ example, at: fraction(`few ${seed}\n${example.text}\n${example.pair ?? ''}`) }))
    .sort((a, b) => a.at - b.at)
  const ranks = new Map<string, number>()
  const ranked = shuffled.map(({ example }) => {
    const rank = ranks.get(String(example.label)) ?? 0
    ranks.set(String(example.label), rank + 1)
    return { example, rank }
  })
  // A stable sort: of the last, incomplete turn the shuffle decides who is in.
  const examples = ranked.sort((a, b) => a.rank - b.rank).slice(0, rows)
  return { ...dataset, examples: examples.map(({ example }) => example) }
}
