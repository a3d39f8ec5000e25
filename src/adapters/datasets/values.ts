import type { Label, LabelRules } from '../../ports/dataset.ts'
import type { ColdmeshError } from '../../ports/errors.ts'
import { type Row, type RowFile, rowError } from './row-reader.ts'

/** What stands for a label that is not there in published test sets. */
const NO_LABEL: readonly string[] = ['', '-1', '-']
/** Between labels where nothing else is said. */
export const DEFAULT_SEPARATOR = '|'
const HINT = 'Fill it in, or remove the row.'

export interface ValueReader {
  /** @throws ColdmeshError `bad-input` for a value that is empty or neither text nor number */
  text(row: Row, column: string, field: 'text' | 'pair'): string
  /** The label as far as it is known what it is; null for a row to leave out. @throws as `text` */
  label(row: Row, column: string): Label | null
}

export function createValueReader(file: Pick<RowFile, 'path' | 'unit'>, rules: LabelRules): ValueReader {
  const { task, separator, labelMap, skipUnlabelled } = rules
  const names = labelMap === null ? null : new Map(Object.entries(labelMap))

  const problem = (
    row: Row,
    field: string,
    kind: Parameters<typeof rowError>[2]['kind'],
    what: string,
    hint = HINT,
  ): ColdmeshError => rowError(file, row, { kind, what: `the ${field} ${what}`, hint, field })

  function plain(row: Row, value: unknown, field: string): string {
    const text = asText(value)
    if (text !== null) return text.trim()
    throw problem(row, field, 'not-text', 'is neither text nor a number')
  }

  function named(row: Row, label: string): string {
    if (label === '') throw problem(row, 'label', 'empty-label', 'is empty', emptyHint(skipUnlabelled))
    const name = names === null ? label : names.get(label)
    if (name !== undefined) return name
    const hint = NO_LABEL.includes(label)
      ? 'Have rows without a label left out (--skip-unlabelled), or add it to the label map.'
      : 'Add it to the label map, or correct the row.'
    throw problem(row, 'label', 'unknown-label', `${JSON.stringify(label)} isn't in the label map`, hint)
  }

  function several(row: Row, value: unknown): readonly string[] | null {
    if (Array.isArray(value)) return value.map((part) => plain(row, part, 'label'))
    if (separator === null && task !== 'multi-label') return null
    return splitLabels(plain(row, value, 'label'), separator)
  }

  function number(row: Row, text: string): number {
    const value = Number(text)
    if (text !== '' && Number.isFinite(value)) return value
    const kind = text === '' ? 'empty-label' : 'not-a-number'
    const what = text === '' ? 'is empty' : `${JSON.stringify(text)} is not a number`
    throw problem(row, 'label', kind, what, emptyHint(skipUnlabelled))
  }

  return {
    text(row, column, field) {
      const text = plain(row, row.valueOf(column), field)
      if (text !== '') return text
      throw problem(row, field, 'empty-text', 'is empty')
    },
    label(row, column) {
      const value = row.valueOf(column)
      if (skipUnlabelled && isUnlabelled(value, rules)) return null
      const list = several(row, value)
      if (list !== null) {
        if (task === null || task === 'multi-label') return [...new Set(list.map((label) => named(row, label)))].sort()
        throw problem(row, 'label', 'not-text', `is a list, the task is ${task}`, 'Choose the task type multi-label.')
      }
      const text = plain(row, value, 'label')
      if (task === 'regression') return number(row, text)
      return named(row, text)
    },
  }
}

export function splitLabels(joined: string, separator: string | null = null): readonly string[] {
  const parts = joined.split(separator ?? DEFAULT_SEPARATOR)
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function emptyHint(skipUnlabelled: boolean): string {
  return skipUnlabelled
    ? HINT
    : 'Fill it in, remove the row, or have rows without a label left out (--skip-unlabelled).'
}

function isUnlabelled(value: unknown, { task, labelMap }: LabelRules): boolean {
  const text = asText(value)?.trim()
  if (text === undefined || !NO_LABEL.includes(text)) return false
  return text === '' || (task !== 'regression' && !Object.hasOwn(labelMap ?? {}, text))
}

/** Null for what is neither text, number, truth value nor nothing. */
function asText(value: unknown): string | null {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  return ['number', 'boolean', 'bigint'].includes(typeof value) ? String(value) : null
}
