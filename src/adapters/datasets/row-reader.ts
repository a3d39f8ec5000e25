import { ColdmeshError } from '../../ports/errors.ts'
import type { OnPosition } from './bytes.ts'

/** One row of a file: where it is, and its values by column. A value is whatever the format has; undefined where there is none. */
export interface Row {
  readonly line: number
  /** The row's own file, where each has one. */
  readonly file?: string
  readonly valueOf: (column: string) => unknown
}

/** A row that can't be read, while those after it can. */
export interface BadRow {
  readonly error: ColdmeshError
}

/** A dataset file, whatever its format. Rows are read as they are asked for, from the start each time. */
export interface RowFile {
  readonly path: string
  /** What its rows are numbered by, from 1. */
  readonly unit: 'line' | 'row' | 'file'
  readonly columns: readonly string[]
  /** By column, names of labels that the file has as numbers: the first is 0's. */
  readonly classNames?: ReadonlyMap<string, readonly string[]>
  /** @throws ColdmeshError `bad-input` when the rest of the file can't be read */
  rows(wanted: readonly string[], onPosition?: OnPosition): AsyncGenerator<Row | BadRow>
}

/** What can be wrong with a row or a label. */
export type ProblemKind =
  | 'encoding'
  | 'syntax'
  | 'values'
  | 'too-long'
  | 'empty-text'
  | 'empty-label'
  | 'not-text'
  | 'not-a-number'
  | 'unknown-label'
  | 'rare-label'

export function isBad<Good extends object>(read: Good | BadRow): read is BadRow {
  return 'error' in read
}

/** What is wrong with one row, with its place. */
export function rowError(
  { path, unit = 'line' }: Pick<RowFile, 'path'> & { readonly unit?: RowFile['unit'] },
  { line, file }: Pick<Row, 'line' | 'file'>,
  problem: {
    readonly kind: ProblemKind
    readonly what: string
    readonly hint: string
    readonly field?: string
    readonly cause?: unknown
  },
): ColdmeshError {
  const { kind, what, hint, field, cause } = problem
  const place = file ?? `${path}, ${unit} ${line}`
  return new ColdmeshError('bad-input', `${place}: ${what}`, {
    cause,
    facts: { path: file ?? path, line, kind, ...(field === undefined ? {} : { field }) },
    hint,
  })
}
