import { createReadStream, existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Label, TaskType } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { onDisk } from './disk.ts'
import { createLineReader } from './events.ts'

/** What a row's label is told as, or null: none of the labels. */
export type Prediction = Label | null

/**
 * A program's predictions, one JSON value a line in the order of the rows; null when it wrote none.
 *
 * @throws ColdmeshError `bad-checkpoint` naming the line, for another number of them, and for what is no label
 */
export async function readPredictions(
  path: string,
  { task, labels, rows }: { readonly task: TaskType; readonly labels: readonly string[]; readonly rows: number },
): Promise<readonly Prediction[] | null> {
  if (!existsSync(path)) return null
  const known = new Set(labels)
  const found: Prediction[] = []
  const lines = createLineReader((line) => {
    if (found.length >= rows && line.trim() === '') return
    const value = found.length < rows ? parse(line) : undefined
    if (!isPrediction(value, task, known)) {
      const problem =
        found.length < rows ? `is no prediction of a ${task} task: ${line.slice(0, 80)}` : 'is one too many'
      throw bad(path, `, line ${found.length + 1}, ${problem}`)
    }
    found.push(value)
  })
  await onDisk('read', path, async () => {
    for await (const bytes of createReadStream(path)) lines.push(bytes)
    lines.end()
  })
  if (found.length === rows) return found
  throw bad(path, ` has ${found.length} predictions, there are ${rows} rows`)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function isPrediction(value: unknown, task: TaskType, known: ReadonlySet<string>): value is Prediction {
  if (task === 'regression') return typeof value === 'number' && Number.isFinite(value)
  const isLabel = (label: unknown) => typeof label === 'string' && known.has(label)
  if (task === 'single-label') return value === null || isLabel(value)
  return Array.isArray(value) && value.every(isLabel) && new Set(value).size === value.length
}

function bad(path: string, problem: string): ColdmeshError {
  return new ColdmeshError('bad-checkpoint', `The program's out/${basename(path)}${problem}`, {
    facts: { path },
    hint: 'It must hold one JSON value a row: a label, a list of labels, or a number (docs/command-trainer.md).',
  })
}
