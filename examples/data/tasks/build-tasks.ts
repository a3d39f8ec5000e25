// Derives the task files from npm packages: see README.md beside this file.
//   node examples/data/tasks/build-tasks.ts SCRATCH
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { csv } from '../sources/csv.ts'
import { loadSources } from '../sources/load.ts'
import { fraction, SPLITS, type Split, textKey } from '../sources/split.ts'
import { TASKS, type TaskDefinition } from './definitions.ts'
import type { Row } from './row.ts'

const ROWS: Readonly<Record<Split, number>> = { train: 2500, validation: 450, test: 900 }
const here = import.meta.dirname

const packages = process.argv[2]
if (packages === undefined) throw new Error('give the folder whose node_modules holds the packages')
const sources = await loadSources(packages)

const described = TASKS.map((task) => {
  const rows = distinct(task.rows(sources))
  const labels = [...new Set(rows.map(({ label }) => label))].sort()
  const chosen = sample(rows, sources.splitOf, labels.length)
  const columns = rows.some(({ pair }) => pair !== undefined) ? ['text', 'pair', 'label'] : ['text', 'label']
  mkdirSync(join(here, task.name), { recursive: true })
  for (const split of SPLITS) {
    const table = chosen[split].map(({ text, pair, label }) =>
      pair === undefined ? [text, label] : [text, pair, label],
    )
    writeFileSync(join(here, task.name, `${split}.csv`), csv([columns, ...table]))
  }
  return describe(task, columns, labels, chosen)
})
assertApart(described.map(({ chosen }) => chosen))

const previous = measuredBefore()
const tasks = described.map(({ entry }) => ({ ...entry, baselines: previous.get(entry.name) ?? null }))
writeFileSync(join(here, 'tasks.json'), `${JSON.stringify({ tasks }, null, 2)}\n`)
for (const { name, rows, classes } of tasks) console.log(name, JSON.stringify(rows), `${classes.length} classes`)

type Chosen = Readonly<Record<Split, readonly Row[]>>

function describe(task: TaskDefinition, columns: readonly string[], classes: readonly string[], chosen: Chosen) {
  const entry = {
    name: task.name,
    title: task.title,
    role: task.role,
    columns,
    maxTokens: task.maxTokens,
    classes,
    rows: { train: chosen.train.length, validation: chosen.validation.length, test: chosen.test.length },
    sources: task.sources.map((name) => `${name}@${sources.versions[name] ?? 'unknown'}`),
    license: task.license,
    licenseFiles: task.licenseFiles,
    ...(task.isTextPretrained ? { isTextPretrained: true } : {}),
  }
  return { entry, chosen }
}

/** Drops repeated texts, and all rows of a text that has two labels. */
function distinct(rows: readonly Row[]): Row[] {
  const byText = Map.groupBy(rows, ({ text, pair }) => `${textKey(text)}\n${textKey(pair ?? '')}`)
  return [...byText.values()].flatMap((same) => {
    const first = same[0]
    return first === undefined || same.some(({ label }) => label !== first.label) ? [] : [first]
  })
}

/** The same rows on every run: in the order of a hash of unit and text, at most twice a fair share per class. */
function sample(rows: readonly Row[], splitOf: (unit: string) => Split, classes: number): Chosen {
  const chosen: Record<Split, Row[]> = { train: [], validation: [], test: [] }
  const counts = new Map<string, number>()
  const ordered = rows
    .map((row) => ({ row, at: fraction(`row ${row.unit}\n${row.text}\n${row.pair ?? ''}`) }))
    .sort((a, b) => a.at - b.at)
  for (const { row } of ordered) {
    const split = splitOf(row.unit)
    const key = `${split} ${row.label}`
    const count = counts.get(key) ?? 0
    const share = classes > 2 ? 1.5 / classes : 0.6
    if (chosen[split].length >= ROWS[split] || count >= Math.ceil(ROWS[split] * share)) continue
    counts.set(key, count + 1)
    chosen[split].push(row)
  }
  return chosen
}

/** Over all tasks: no text (long enough to be one) on two sides. */
function assertApart(all: readonly Chosen[]): void {
  const sideOf = new Map<string, Split>()
  for (const chosen of all) {
    for (const split of SPLITS) {
      for (const { text, pair } of chosen[split]) {
        const key = textKey(pair ?? text)
        const side = sideOf.get(key) ?? split
        if (side !== split) throw new Error(`the text "${key}" is in ${side} and ${split}`)
        sideOf.set(key, side)
      }
    }
  }
}

/** Keeps the figures that baselines.py wrote into tasks.json. */
function measuredBefore(): Map<string, unknown> {
  try {
    const { tasks }: { tasks: { name: string; baselines: unknown }[] } = JSON.parse(
      readFileSync(join(here, 'tasks.json'), 'utf8'),
    )
    return new Map(tasks.map(({ name, baselines }) => [name, baselines]))
  } catch {
    return new Map()
  }
}
