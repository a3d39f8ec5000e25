import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type Dataset, type EvaluationTask, openDataset, splitExamples } from 'coldmesh'
import { z } from 'zod'
import { defined } from '../defined.ts'
import { CliError } from '../failure.ts'
import { SHIPPED_TASKS } from '../package-root.ts'

/** For a task without test rows: so many of its rows are held out, the same ones for every base and seed. */
const HELD_OUT = { fraction: 0.2, seed: 1 } as const
const SHIPPED = 'shipped'

export interface EvalTask extends EvaluationTask {
  /** Somebody contributed with it; null where nobody says. */
  readonly seen: boolean | null
}

export interface TaskOptions {
  readonly data: string | undefined
  readonly test: string | undefined
  readonly tasks: string | undefined
  readonly text: string
  readonly pair: string | undefined
  readonly label: string
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
        seen: z.boolean().optional(),
      }),
    )
    .min(1),
})
type TaskEntry = z.infer<typeof listShape>['tasks'][number]

const shippedShape = z.object({
  tasks: z.array(z.object({ name, role: z.enum(['contributor', 'unseen']), columns: z.array(z.string()) })),
})

/** The tasks to judge on: one file, a list of files, or those that ship. @throws CliError `bad-input`, ColdmeshError as openDataset */
export async function readEvalTasks(options: TaskOptions): Promise<readonly EvalTask[]> {
  const { data, tasks } = options
  if ((data === undefined) === (tasks === undefined)) {
    throw new CliError('bad-input', 'It is not said which tasks to judge on.', {
      hint: 'Give either --data FILE, with --test FILE beside it, or --tasks FILE or --tasks shipped.',
    })
  }
  const read = data === undefined ? await readList(resolve(tasks ?? '')) : [await readOne(data, options)]
  const names = read.map((task) => task.name)
  const twice = names.find((each, index) => names.indexOf(each) !== index)
  if (twice === undefined) return read
  throw new CliError('bad-input', `Two tasks are called ${twice}.`, { hint: 'Give each task a name of its own.' })

  function readList(path: string): Promise<EvalTask[]> {
    const entries = tasks === SHIPPED ? shippedTasks() : listedTasks(path)
    return Promise.all(entries.map((entry) => readTask(entry)))
  }
}

async function readOne(data: string, { test, text, pair, label, task }: TaskOptions): Promise<EvalTask> {
  const columns = { text, label, ...defined({ pair }) }
  const train = await openDataset(resolve(data), { ...columns, ...defined({ name: task }) })
  return await withTest({ name: train.name, train, seen: null }, test && resolve(test), columns)
}

async function readTask(entry: TaskEntry): Promise<EvalTask> {
  const columns = { text: entry.text ?? 'text', label: entry.label ?? 'label', ...defined({ pair: entry.pair }) }
  const train = await openDataset(entry.train, { ...columns, name: entry.name })
  const validation =
    entry.validation === undefined ? undefined : (await openDataset(entry.validation, columns)).examples
  const dataset = { ...train, ...defined({ validation }) }
  return await withTest({ name: entry.name, train: dataset, seen: entry.seen ?? null }, entry.test, columns)
}

type Columns = { readonly text: string; readonly label: string; readonly pair?: string }

async function withTest(
  task: { readonly name: string; readonly train: Dataset; readonly seen: boolean | null },
  test: string | undefined,
  columns: Columns,
): Promise<EvalTask> {
  if (test !== undefined) return { ...task, test: (await openDataset(test, columns)).examples }
  const { training, validation } = splitExamples(task.train.examples, HELD_OUT)
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
