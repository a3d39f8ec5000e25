import type { Label, TaskType } from '../../ports/dataset.ts'
import { DEFAULT_SEPARATOR, splitLabels } from './values.ts'

/** The line where a label was seen first, its rows, and whether they have different texts. */
export interface LabelCount {
  readonly rows: number
  readonly line: number
  readonly hasSeveralTexts: boolean
}

/** What the labels of a file are, and how that is known. */
export interface LabelKind {
  readonly task: TaskType
  /** Null where it was given. */
  readonly guessedBecause: string | null
}

/** What was seen of the labels of a file. */
export interface Census {
  /** @param key tells different texts apart; asked for until a label has several */
  add(label: Label, line: number, key: () => number): void
  kind(given: TaskType | null): LabelKind
  /** By label, sorted by code unit; of a list, each label counts. None for numbers. */
  counts(kind: LabelKind): ReadonlyMap<string, LabelCount>
  /** More different labels than are kept. */
  readonly isOverfull: boolean
}

/** With more different ones, labels are no classes. */
const MAX_COUNTED = 100_000
/** So many different numbers that are not whole make a scale of them. */
const MIN_FRACTIONS = 21

interface Entry {
  rows: number
  line: number
  readonly key: number
  hasSeveralTexts: boolean
}

export function createCensus(): Census {
  const whole = new Map<string, Entry>()
  const parts = new Map<string, Entry>()
  const fractions = new Set<string>()
  let lists = 0
  let others = 0
  let isOverfull = false

  function count(entries: Map<string, Entry>, label: string, line: number, key: () => number): void {
    const known = entries.get(label)
    if (known === undefined) {
      if (entries.size < MAX_COUNTED) entries.set(label, { rows: 1, line, key: key(), hasSeveralTexts: false })
      else isOverfull = true
      return
    }
    known.rows++
    known.hasSeveralTexts ||= known.key !== key()
  }

  /** Every value with a separator consists of labels that also stand alone. */
  function isSeparated(): boolean {
    const joined = [...whole.keys()].filter((label) => label.includes(DEFAULT_SEPARATOR))
    return joined.length > 0 && joined.every((label) => splitLabels(label).every((part) => whole.has(part)))
  }

  return {
    add(label, line, key) {
      if (typeof label === 'object') {
        lists++
        for (const one of label) count(parts, one, line, key)
        return
      }
      const name = String(label)
      if (Number.isFinite(Number(name))) {
        if (fractions.size < MIN_FRACTIONS && !Number.isInteger(Number(name))) fractions.add(name)
      } else others++
      count(whole, name, line, key)
    },
    kind(given) {
      if (given !== null) return { task: given, guessedBecause: null }
      if (lists > 0) return { task: 'multi-label', guessedBecause: 'labels are lists' }
      if (others === 0 && fractions.size >= MIN_FRACTIONS) {
        const guessedBecause = `all labels are numbers, more than ${MIN_FRACTIONS - 1} different ones with a fraction`
        return { task: 'regression', guessedBecause }
      }
      if (!isSeparated()) return { task: 'single-label', guessedBecause: 'each row has one label' }
      const guessedBecause = `labels joined by ${DEFAULT_SEPARATOR} also stand alone`
      return { task: 'multi-label', guessedBecause }
    },
    counts({ task }) {
      if (task === 'regression') return new Map()
      const entries = task === 'multi-label' ? new Map(parts) : whole
      if (task === 'multi-label') {
        for (const [joined, entry] of whole) for (const one of splitLabels(joined)) merge(entries, one, entry)
      }
      return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    get isOverfull() {
      return isOverfull
    },
  }
}

function merge(entries: Map<string, Entry>, label: string, { rows, line, key, hasSeveralTexts }: Entry): void {
  const known = entries.get(label)
  if (known === undefined) entries.set(label, { rows, line, key, hasSeveralTexts })
  else {
    known.rows += rows
    known.line = Math.min(known.line, line)
    known.hasSeveralTexts ||= hasSeveralTexts || known.key !== key
  }
}
