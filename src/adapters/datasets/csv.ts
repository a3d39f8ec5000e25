import { basename, extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, type Info, parse } from 'csv-parse'
import type { Dataset, Example } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { buildDataset, readExample } from './build-dataset.ts'
import { type ColumnOptions, type Columns, chooseColumns } from './columns.ts'
import { MAX_ROW_CHARACTERS, readText, rowTooLong } from './text-file.ts'

export interface CsvOptions extends ColumnOptions {
  /** The dataset's name; absent: the file's, without its extension. */
  readonly name?: string
  /** Between values; absent: a tab for .tsv, a comma otherwise. */
  readonly delimiter?: string
}

/**
 * Reads a table of texts and labels: UTF-8, a header of column names, values quoted where needed (RFC 4180).
 *
 * @throws ColdmeshError `bad-input` for a file that can't be read as that, with the line; `bad-dataset` for rows that can't train a classifier
 */
export async function csvDataset(path: string, options: CsvOptions = {}): Promise<Dataset> {
  const extension = extname(path)
  const { delimiter = extension.toLowerCase() === '.tsv' ? '\t' : ',', name = basename(path, extension) } = options
  const examples: Example[] = []
  let header: readonly string[] | undefined
  let columns: Columns | undefined
  await eachRecord(path, delimiter, (line, values) => {
    if (header === undefined || columns === undefined) {
      header = values.map((value) => value.trim())
      columns = chooseColumns(path, header, options)
      return
    }
    const { text, pair, label } = columns
    const valueIn = (column: string) => values[header?.indexOf(column) ?? -1]
    const second = pair === undefined ? {} : { pair: valueIn(pair) }
    examples.push(readExample({ path, line }, { text: valueIn(text), label: valueIn(label), ...second }))
  })
  return buildDataset(path, name, examples)
}

async function eachRecord(
  path: string,
  delimiter: string,
  take: (line: number, values: readonly string[]) => void,
): Promise<void> {
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    skip_empty_lines: true,
    // Quotation marks inside a value that doesn't begin with one are part of it.
    relax_quotes: true,
    max_record_size: MAX_ROW_CHARACTERS,
  })
  try {
    await pipeline(Readable.from(readText(path)), parser, async (records: AsyncIterable<unknown>) => {
      for await (const entry of records) {
        if (!isEntry(entry)) throw new TypeError('csv-parse gives records with their place')
        take(entry.info.lines, entry.record)
      }
    })
  } catch (error) {
    if (error instanceof CsvError) throw unreadable(path, error)
    throw error
  }
}

function isEntry(entry: unknown): entry is { info: Info; record: string[] } {
  return typeof entry === 'object' && entry !== null && 'info' in entry && 'record' in entry
}

function unreadable(path: string, error: CsvError): ColdmeshError {
  const line = Number(Reflect.get(error, 'lines') ?? 0)
  if (error.code === 'CSV_MAX_RECORD_SIZE') return rowTooLong(path, line)
  const isCount = error.code.startsWith('CSV_RECORD_INCONSISTENT')
  const problem = isCount ? 'the row has another number of values than the header' : 'the row is not valid CSV'
  return new ColdmeshError('bad-input', `${path}, line ${line}: ${problem}`, {
    cause: error,
    facts: { path, line },
    hint: 'Put values that contain the delimiter, a quotation mark or a new line between quotation marks, and double those inside.',
  })
}
