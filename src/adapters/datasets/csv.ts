import { Readable } from 'node:stream'
import { CsvError, type Info, Parser } from 'csv-parse'
import type { ColdmeshError } from '../../ports/errors.ts'
import { extensionOf, type OnPosition } from './bytes.ts'
import { type BadRow, type Row, type RowFile, rowError } from './row-reader.ts'
import { MAX_ROW_CHARACTERS, readText, rowTooLong } from './text.ts'

const HINT =
  'Put values that contain the delimiter, a quotation mark or a new line between quotation marks, and double those inside.'

interface Entry {
  readonly info: Info
  readonly record: readonly string[]
}

/**
 * A table: UTF-8, a header of column names, values quoted where needed (RFC 4180).
 *
 * @param delimiter between values; absent: a tab for .tsv, a comma otherwise
 * @throws ColdmeshError `bad-input` for a file that can't be read as that, with the line
 */
export async function openCsv(path: string, delimiter = extensionOf(path) === '.tsv' ? '\t' : ','): Promise<RowFile> {
  const columns = await readHeader(path, delimiter)
  return { path, unit: 'line', columns, rows: (_, onPosition) => readRows(path, { delimiter, columns, onPosition }) }
}

async function readHeader(path: string, delimiter: string): Promise<readonly string[]> {
  for await (const read of readEntries(path, delimiter)) {
    if ('error' in read) throw read.error
    return read.record.map((value) => value.trim())
  }
  return []
}

async function* readRows(
  path: string,
  {
    delimiter,
    columns,
    onPosition,
  }: {
    readonly delimiter: string
    readonly columns: readonly string[]
    readonly onPosition: OnPosition | undefined
  },
): AsyncGenerator<Row | BadRow> {
  const places = new Map(columns.map((column) => [column, columns.indexOf(column)]))
  let isHeader = true
  for await (const read of readEntries(path, delimiter, onPosition)) {
    if ('error' in read) {
      yield read
      continue
    }
    const { info, record } = read
    if (isHeader) {
      isHeader = false
      continue
    }
    const line = info.lines
    if (record.length === columns.length) {
      yield { line, valueOf: (column) => record[places.get(column) ?? -1] }
      continue
    }
    const what = `the row has another number of values than the header, ${record.length} and not ${columns.length}`
    yield { error: rowError({ path }, { line }, { kind: 'values', what, hint: HINT }) }
  }
}

async function* readEntries(path: string, delimiter: string, onPosition?: OnPosition): AsyncGenerator<Entry | BadRow> {
  const parser = new Parser({
    delimiter,
    info: true,
    skip_empty_lines: true,
    // Quotation marks inside a value that doesn't begin with one are part of it.
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: MAX_ROW_CHARACTERS,
  })
  const bad: ColdmeshError[] = []
  const source = Readable.from(readText(path, (error) => bad.push(error), onPosition))
  source.on('error', (error) => parser.destroy(error)).pipe(parser)
  let line = 0
  try {
    for await (const entry of parser) {
      if (!isEntry(entry)) throw new TypeError('csv-parse gives records with their place')
      line = entry.info.lines
      yield* before(bad, line)
      yield entry
    }
  } catch (cause) {
    yield* before(bad)
    throw cause instanceof CsvError ? unreadable(path, line + 1, cause) : cause
  } finally {
    source.destroy()
    parser.destroy()
  }
  yield* before(bad)
}

/** Takes out what was found wrong up to a line: rows come later than the text that they are in. */
function* before(bad: ColdmeshError[], line = Number.POSITIVE_INFINITY): Generator<BadRow> {
  while (Number(bad[0]?.facts['line']) <= line) {
    const error = bad.shift()
    if (error !== undefined) yield { error }
  }
}

function isEntry(entry: unknown): entry is Entry {
  return typeof entry === 'object' && entry !== null && 'info' in entry && 'record' in entry
}

function unreadable(path: string, begins: number, error: CsvError): ColdmeshError {
  if (error.code === 'CSV_MAX_RECORD_SIZE') return rowTooLong(path, begins)
  const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED'
  const what = isOpen ? 'a quotation mark in the row is never closed' : 'the row is not valid CSV'
  return rowError({ path }, { line: begins }, { kind: 'syntax', what, hint: HINT, cause: error })
}
