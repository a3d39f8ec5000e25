import { basename, extname } from 'node:path'
import type { Dataset, Example } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { buildDataset, readExample } from './build-dataset.ts'
import { type ColumnOptions, type Columns, chooseColumns } from './columns.ts'
import { readLines } from './text-file.ts'

export interface JsonLinesOptions extends ColumnOptions {
  /** The dataset's name; absent: the file's, without its extension. */
  readonly name?: string
}

/**
 * Reads a file with one JSON object a line. Columns not given are guessed from the first object's fields.
 *
 * @throws ColdmeshError `bad-input` for a file that can't be read as that, with the line; `bad-dataset` for rows that can't train a classifier
 */
export async function jsonlDataset(path: string, options: JsonLinesOptions = {}): Promise<Dataset> {
  const { name = basename(path, extname(path)), ...wanted } = options
  const examples: Example[] = []
  let columns: Columns | undefined
  for await (const { number: line, text } of readLines(path)) {
    if (text.trim() === '') continue
    const fields = parseObject(path, line, text)
    columns ??= chooseColumns(path, [...fields.keys()], wanted)
    const second = columns.pair === undefined ? {} : { pair: fields.get(columns.pair) ?? '' }
    const values = { text: fields.get(columns.text), label: fields.get(columns.label), ...second }
    examples.push(readExample({ path, line }, values))
  }
  return buildDataset(path, name, examples)
}

function parseObject(path: string, line: number, text: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Map(Object.entries(value))
  } catch (cause) {
    throw badLine(path, line, 'is not valid JSON', cause)
  }
  throw badLine(path, line, 'is not a JSON object')
}

function badLine(path: string, line: number, problem: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('bad-input', `${path}, line ${line}: the line ${problem}`, {
    cause,
    facts: { path, line },
    hint: 'Each line must be one JSON object, like {"text": "...", "label": "..."}.',
  })
}
