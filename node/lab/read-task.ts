import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Examples, type LabTask, openExamples, openTrainingData, type ReadProgress } from 'coldmesh'
import { z } from 'zod'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_TASKS } from '../package-root.ts'
import type { PlanTask } from './plan-shape.ts'

const catalogue = z.object({ tasks: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })) })

interface Files {
  readonly name: string
  readonly train: string
  readonly validation: string | undefined
  readonly test: string
  readonly columns: { readonly text: string; readonly label: string; readonly pair?: string }
}

/** The texts of one entry of a plan. @throws CliError `bad-input` for an unknown task; and as `openTrainingData` and `openExamples` */
export async function readTask(
  task: PlanTask,
  options: {
    readonly folder: string
    readonly isSeen: boolean
    /** Of each contributor, unless the task says another number. */
    readonly rows: number | undefined
    readonly place: string
    readonly onRead?: ((progress: ReadProgress) => void) | undefined
  },
): Promise<LabTask> {
  const files = 'task' in task ? shippedFiles(task.task, options.place) : ownFiles(task, options.folder)
  const reading = { ...files.columns, name: files.name, ...defined({ onRead: options.onRead }) }
  const train = await openTrainingData(files.train, reading)
  // A part may lack labels, or have a single text of one.
  const read = (path: string): Promise<Examples> => openExamples(path, train, reading)
  const test = await read(files.test)
  const validation = files.validation === undefined ? [] : await read(files.validation)
  return {
    name: files.name,
    isSeen: options.isSeen,
    train,
    validation,
    test,
    shards: task.shards,
    rows: task.rows ?? options.rows ?? null,
    from: task.from,
    until: task.until ?? null,
  }
}

function shippedFiles(name: string, place: string): Files {
  const { tasks } = catalogue.parse(JSON.parse(readFileSync(join(SHIPPED_TASKS, 'tasks.json'), 'utf8')))
  const found = tasks.find((task) => task.name === name)
  if (found === undefined) {
    throw new CliError('bad-input', `${place}: there is no shipped task ${name}.`, {
      hint: `There are ${tasks.map((task) => task.name).join(', ')}; own files have a name, train and test.`,
    })
  }
  const path = (part: string): string => join(SHIPPED_TASKS, name, `${part}.csv`)
  const pair = found.columns.includes('pair') ? { pair: 'pair' } : {}
  return {
    name,
    train: path('train'),
    validation: path('validation'),
    test: path('test'),
    columns: { text: 'text', label: 'label', ...pair },
  }
}

function ownFiles(task: Extract<PlanTask, { name: string }>, folder: string): Files {
  const { name, train, validation, test, text, label, pair } = task
  return {
    name,
    train: resolve(folder, train),
    validation: validation === undefined ? undefined : resolve(folder, validation),
    test: resolve(folder, test),
    columns: { text, label, ...defined({ pair }) },
  }
}
