import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  type Dataset,
  type DatasetOptions,
  type EvaluationTask,
  type Examples,
  openExamples,
  openTrainingData,
  type ReadProgress,
  splitRows,
  TASK_TYPES,
} from 'coldmesh'
import { z } from 'zod'
import { type DatasetOption, datasetOptionsOf } from '../commands/dataset.ts'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import type { OptionValues } from '../options.ts'
import { SHIPPED_TASKS } from '../package-root.ts'

/** For a task without test rows: so many of its rows are held out, the same ones for every base and seed. */
const HELD_OUT = { fraction: 0.2, seed: 1 } as const
const SHIPPED = 'shipped'

export interface EvalTask extends EvaluationTask {
  /** Somebody contributed with it; null where nobody says. */
  readonly seen: boolean | null
}

export interface TaskOptions extends OptionValues<DatasetOption> {
  readonly data: string | undefined
  readonly test: string | undefined
  readonly tasks: string | undefined
  readonly task: string | undefined
}

const name = z.string().min(1).max(64)
const listShape = z.strictObject({
  tasks: z
    .array(
      z.strictObject({
        name,
        train: z.string().min(1),
        validation: z.string().min(1).optional(),
        test: z.string().min(1).optional(),
        text: z.string().min(1).optional(),
        pair: z.string().min(1).optional(),
        label: z.string().min(1).optional(),
        taskType: z.enum(TASK_TYPES).optional(),
        labelMap: z.record(z.string(), z.string().min(1)).optional(),
        labelSeparator: z.string().min(1).optional(),
        skipUnlabelled: z.boolean().optional(),
        seen: z.boolean().optional(),
      }),
    )
    .min(1),
})
type TaskEntry = z.infer<typeof listShape>['tasks'][number]

const shippedShape = z.object({
  tasks: z.array(z.object({ name, role: z.enum(['contributor', 'unseen']), columns: z.array(z.string()) })),
})

/** The tasks to judge on: one file, a list of files, or those that ship. @throws CliError `bad-input`, ColdmeshError as openTrainingData */
export async function readEvalTasks(
  options: TaskOptions,
  onRead?: (progress: ReadProgress) => void,
): Promise<readonly EvalTask[]> {
  const { data, tasks } = options
  if ((data === undefined) === (tasks === undefined)) {
    throw new CliError('bad-input', 'It is not said which tasks to judge on.', {
      hint: 'Give either --data FILE, with --test FILE beside it, or --tasks FILE or --tasks shipped.',
    })
  }
  const read = data === undefined ? await readList(resolve(tasks ?? '')) : [await readOne(data, { ...options, onRead })]
  const names = read.map((task) => task.name)
  const twice = names.find((each, index) => names.indexOf(each) !== index)
  if (twice === undefined) return read
  throw new CliError('bad-input', `Two tasks are called ${twice}.`, { hint: 'Give each task a name of its own.' })

  function readList(path: string): Promise<EvalTask[]> {
    const entries = tasks === SHIPPED ? shippedTasks() : listedTasks(path)
    return Promise.all(entries.map((entry) => readTask(entry, onRead)))
  }
}

type OnRead = ((progress: ReadProgress) => void) | undefined

async function readOne(
  data: string,
  { test, task, onRead, ...options }: TaskOptions & { readonly onRead: OnRead },
): Promise<EvalTask> {
  const reading = { ...datasetOptionsOf(options), ...defined({ onRead }) }
  const train = await openTrainingData(resolve(data), { ...reading, ...defined({ name: task }) })
  return await withTest({ name: train.name, train, seen: null }, test && resolve(test), reading)
}

async function readTask(entry: TaskEntry, onRead: OnRead): Promise<EvalTask> {
  const { name, train: path, validation, test, seen = null, ...columns } = entry
  const reading = defined({ ...columns, onRead })
  const train = await openTrainingData(path, { ...reading, name, ...defined({ validation }) })
  return await withTest({ name, train, seen }, test, reading)
}

async function withTest(
  task: { readonly name: string; readonly train: Dataset<Examples>; readonly seen: boolean | null },
  test: string | undefined,
  reading: DatasetOptions,
): Promise<EvalTask> {
  if (test !== undefined) return { ...task, test: await openExamples(test, task.train, reading) }
  const { training, validation } = await splitRows(task.train.examples, {
    ...HELD_OUT,
    ...defined({ onRead: reading.onRead }),
  })
  return { ...task, train: { ...task.train, examples: training }, test: validation }
}

/** Paths in a list are relative to its file. */
function listedTasks(path: string): TaskEntry[] {
  const parsed = listShape.safeParse(readJson(path))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new CliError(
      'bad-input',
      `${path}: ${issue?.path.join('.') || 'the list'}: ${issue?.message ?? 'is wrong'}.`,
      {
        hint: 'It holds { "tasks": [{ "name", "train", "test", "text", "pair", "label", "seen" }] }; docs/evaluating.md has an example.',
      },
    )
  }
  const at = (file: string) => resolve(dirname(path), file)
  return parsed.data.tasks.map((entry) => ({
    ...entry,
    train: at(entry.train),
    ...defined({
      validation: entry.validation === undefined ? undefined : at(entry.validation),
      test: entry.test === undefined ? undefined : at(entry.test),
    }),
  }))
}

function shippedTasks(): TaskEntry[] {
  const { tasks } = shippedShape.parse(readJson(join(SHIPPED_TASKS, 'tasks.json')))
  return tasks.map(({ name: task, role, columns }) => ({
    name: task,
    train: join(SHIPPED_TASKS, task, 'train.csv'),
    validation: join(SHIPPED_TASKS, task, 'validation.csv'),
    test: join(SHIPPED_TASKS, task, 'test.csv'),
    seen: role === 'contributor',
    ...(columns.includes('pair') ? { pair: 'pair' } : {}),
  }))
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new CliError('bad-input', `${path} cannot be read as JSON.`, {
      hint: 'Give a file of tasks, or the word shipped.',
      cause,
    })
  }
}
