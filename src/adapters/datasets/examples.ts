import { hash } from 'node:crypto'
import type { Example, ExampleSource, Examples, Label } from '../../ports/dataset.ts'
import { isStored } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { type OnPosition, statPath } from './bytes.ts'
import { openRows } from './open-rows.ts'
import { createReadMeter, type OnRead } from './read-meter.ts'
import { type BadRow, isBad, type Row, type RowFile } from './row-reader.ts'
import { createValueReader } from './values.ts'

export interface PlacedExample {
  readonly example: Example
  readonly row: Row
}

type OnBad = (error: ColdmeshError) => void

/** A row that was left out since it has no label. */
export const UNLABELLED = 'unlabelled'

/**
 * The examples of a file in its order, one at a time.
 *
 * @param onBad is told what is wrong with a row; absent: the first such row is an error
 * @throws ColdmeshError `bad-input` with the line
 */
export async function* eachExample(
  file: RowFile,
  { text, pair, label, rules }: Pick<ExampleSource, 'text' | 'pair' | 'label' | 'rules'>,
  { onBad = fail, onPosition }: { readonly onBad?: OnBad | undefined; readonly onPosition?: OnPosition } = {},
): AsyncGenerator<PlacedExample | typeof UNLABELLED> {
  const values = createValueReader(file, rules)
  const rows = file.rows([text, ...(pair === null ? [] : [pair]), label], onPosition)
  for await (const row of onBad === fail ? rows : untilUnreadable(rows, onBad)) {
    if (isBad(row)) {
      onBad(row.error)
      continue
    }
    try {
      const read = values.label(row, label)
      if (read === null) yield UNLABELLED
      else yield { row, example: exampleOf(row, read) }
    } catch (error) {
      if (!(error instanceof ColdmeshError) || error.facts['kind'] === undefined) throw error
      onBad(error)
    }
  }

  function exampleOf(row: Row, read: Label): Example {
    const first = values.text(row, text, 'text')
    return pair === null
      ? { text: first, label: read }
      : { text: first, pair: values.text(row, pair, 'pair'), label: read }
  }
}

/**
 * Examples in memory, or out of their file.
 *
 * @throws ColdmeshError `bad-input` when the file is no longer what it was, or has a bad row
 */
export async function* readExamples(examples: Examples, onRead?: OnRead): AsyncGenerator<Example> {
  if (!isStored(examples)) {
    yield* examples
    return
  }
  const { source, length, places } = examples
  const { size, mtimeMs } = await statPath(source.path)
  if (size !== source.bytes || mtimeMs !== source.modifiedMs) throw changed(source.path)
  const file = await openRows(source.path, source.delimiter ?? undefined)
  const meter = createReadMeter({ path: source.path, totalBytes: file.unit === 'file' ? null : size }, onRead)
  let place = 0
  let count = 0
  for await (const read of eachExample(file, source, { onPosition: meter.at })) {
    if (read === UNLABELLED) continue
    meter.row()
    if (places !== undefined && places[count] !== place++) continue
    count++
    yield read.example
    if (count === places?.length) return
  }
  if (count !== length) throw changed(source.path)
}

/** What ends the reading is told too. */
async function* untilUnreadable(rows: AsyncGenerator<Row | BadRow>, onBad: OnBad): AsyncGenerator<Row | BadRow> {
  try {
    yield* rows
  } catch (error) {
    if (!(error instanceof ColdmeshError)) throw error
    onBad(error)
  }
}

/** 48 bits that tell texts apart. */
export function textKey({ text, pair }: Pick<Example, 'text' | 'pair'>): number {
  return hash('sha256', JSON.stringify([text, pair]), 'buffer').readUIntBE(0, 6)
}

function fail(error: ColdmeshError): never {
  throw error
}

function changed(path: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} has changed since its rows were counted`, {
    facts: { path },
    hint: 'Leave the file as it is while it is trained on, and start again.',
  })
}
