import type { Dataset, Example } from '../../ports/dataset.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { labelName } from '../../training/labels.ts'

export const MAX_LABELS = 1_000
/** One to learn from, one to validate with. */
const MIN_ROWS_PER_LABEL = 2

/** Where a row comes from, for messages. */
export interface Place {
  readonly path: string
  readonly line: number
}

/** The example of a row's values. @throws ColdmeshError `bad-input` for a value that is empty or neither text nor number */
export function readExample(
  place: Place,
  values: { readonly text: unknown; readonly pair?: unknown; readonly label: unknown },
): Example {
  const label = readValue(place, 'label', values.label)
  const text = readValue(place, 'text', values.text)
  return values.pair === undefined ? { text, label } : { text, pair: readValue(place, 'pair', values.pair), label }
}

/** @throws ColdmeshError `bad-dataset` for rows that a classifier can't be trained on */
export function buildDataset(path: string, name: string, examples: readonly Example[]): Dataset {
  if (examples.length === 0) {
    throw badDataset(path, 'has no rows', 'Give a file with a row for each text and its label.')
  }
  const textsByLabel = new Map<string, Set<string>>()
  for (const { text, pair, label: value } of examples) {
    const label = labelName(value)
    const texts = textsByLabel.get(label) ?? new Set()
    textsByLabel.set(label, texts.add(JSON.stringify([text, pair])))
  }
  const labels = [...textsByLabel.keys()].sort()
  if (labels.length === 1) {
    const only = JSON.stringify(labels[0])
    throw badDataset(path, `has one label only, ${only}`, 'A classifier needs rows of at least two labels.')
  }
  if (labels.length > MAX_LABELS) {
    const problem = `has ${labels.length} different labels, at most ${MAX_LABELS} are supported`
    throw badDataset(path, problem, 'Check that the label column is the right one.')
  }
  const rare = labels.filter((label) => (textsByLabel.get(label)?.size ?? 0) < MIN_ROWS_PER_LABEL)
  if (rare.length > 0) {
    const shown = rare.slice(0, 5).map((label) => JSON.stringify(label))
    throw badDataset(
      path,
      `has ${rare.length} label(s) with a single text: ${shown.join(', ')}${rare.length > 5 ? ', ...' : ''}`,
      'Give at least two different texts of each label, one to learn from and one to validate with, or leave such labels out.',
    )
  }
  return { name, labels, examples }
}

function readValue({ path, line }: Place, field: string, value: unknown): string {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
  const trimmed = typeof text === 'string' ? text.trim() : undefined
  if (trimmed) return trimmed
  const problem = trimmed === '' || value === undefined || value === null ? 'is empty' : 'is neither text nor a number'
  throw new ColdmeshError('bad-input', `${path}, line ${line}: the ${field} ${problem}`, {
    facts: { path, line, field },
    hint: 'Fill it in, or remove the row.',
  })
}

function badDataset(path: string, problem: string, hint: string): ColdmeshError {
  return new ColdmeshError('bad-dataset', `${path} ${problem}`, { facts: { path }, hint })
}
