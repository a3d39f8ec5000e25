import type { ColdmeshError } from '../../ports/errors.ts'
import type { OnPosition } from './bytes.ts'
import { type BadRow, isBad, type Row, type RowFile, rowError } from './row-reader.ts'
import { readLines } from './text.ts'

/** A file with one JSON object a line. Its columns are the first object's fields. @throws ColdmeshError `bad-input`, with the line */
export async function openJsonLines(path: string): Promise<RowFile> {
  return { path, unit: 'line', columns: await readColumns(path), rows: (_, onPosition) => readRows(path, onPosition) }
}

async function readColumns(path: string): Promise<readonly string[]> {
  for await (const read of readObjects(path)) {
    if (isBad(read)) throw read.error
    return Object.keys(read.fields)
  }
  return []
}

async function* readRows(path: string, onPosition?: OnPosition): AsyncGenerator<Row | BadRow> {
  for await (const read of readObjects(path, onPosition)) {
    if (isBad(read)) yield read
    else {
      const { line, fields } = read
      yield { line, valueOf: (column) => (Object.hasOwn(fields, column) ? fields[column] : undefined) }
    }
  }
}

type Fields = Readonly<Record<string, unknown>>

async function* readObjects(
  path: string,
  onPosition?: OnPosition,
): AsyncGenerator<{ readonly line: number; readonly fields: Fields } | BadRow> {
  for await (const read of readLines(path, onPosition)) {
    if (isBad(read)) yield read
    else if (read.text.trim() !== '') yield parseObject(path, read.number, read.text)
  }
}

function parseObject(path: string, line: number, text: string) {
  try {
    const value: unknown = JSON.parse(text)
    if (isFields(value)) return { line, fields: value }
  } catch (cause) {
    return { error: badLine(path, line, 'the line is not valid JSON', cause) }
  }
  return { error: badLine(path, line, 'the line is not a JSON object') }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function badLine(path: string, line: number, what: string, cause?: unknown): ColdmeshError {
  const hint = 'Each line must be one JSON object, like {"text": "...", "label": "..."}.'
  return rowError({ path }, { line }, { kind: 'syntax', what, hint, cause })
}
