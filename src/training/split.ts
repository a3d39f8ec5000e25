import { hash } from 'node:crypto'
import type { Example, Label } from '../ports/dataset.ts'
import { increase } from './metrics.ts'

export interface Split {
  readonly training: readonly Example[]
  readonly validation: readonly Example[]
}

/**
 * Holds out about `fraction` of the rows of each label, at least one where a label has two different rows; of each row's rarest label where
 * it has several; of all rows where labels are numbers. Rows are chosen by a
 * seeded hash of their text, so that the same rows come out whatever their order, and copies of a row (up to case and white space) stay on one
 * side: otherwise validation would reward learning by heart.
 */
export function splitExamples(
  examples: readonly Example[],
  { fraction, seed }: { fraction: number; seed: number },
): Split {
  const hashes = examples.map((example) => rowHash(example, seed))
  const groupOf = groups(examples)
  const hashesByLabel = new Map<string, Set<string>>()
  const seen = new Set<string>()
  for (const [index, example] of examples.entries()) {
    const label = groupOf(example.label)
    const hash = hashes[index] ?? ''
    if (seen.has(hash)) continue
    seen.add(hash)
    const known = hashesByLabel.get(label)
    if (known === undefined) hashesByLabel.set(label, new Set([hash]))
    else known.add(hash)
  }
  const heldOut = new Set<string>()
  for (const ofLabel of hashesByLabel.values()) {
    const count = ofLabel.size < 2 ? 0 : Math.max(1, Math.round(ofLabel.size * fraction))
    for (const hash of [...ofLabel].sort().slice(0, Math.min(count, ofLabel.size - 1))) heldOut.add(hash)
  }
  return {
    training: examples.filter((_, index) => !heldOut.has(hashes[index] ?? '')),
    validation: examples.filter((_, index) => heldOut.has(hashes[index] ?? '')),
  }
}

/** What to hold out a part of: labels, so that none is missing on one side. */
function groups(examples: readonly Example[]): (label: Label) => string {
  const counts = new Map<string, number>()
  for (const { label } of examples) {
    if (typeof label === 'object') for (const one of label) increase(counts, one)
  }
  const rarest = rarestLabel(counts)
  return (label) => {
    if (typeof label === 'number') return ''
    return typeof label === 'string' ? label : JSON.stringify(rarest(label))
  }
}

/** Of several labels, the one that the fewest rows have, the first by code unit of equally rare ones; null of none. */
export function rarestLabel(rows: ReadonlyMap<string, number>): (labels: readonly string[]) => string | null {
  const isRarer = (a: string, b: string) => {
    const less = (rows.get(a) ?? 0) - (rows.get(b) ?? 0)
    return less < 0 || (less === 0 && a < b)
  }
  return (labels) =>
    labels.reduce<string | null>((rarest, label) => (rarest === null || isRarer(label, rarest) ? label : rarest), null)
}

/** What decides whether a row is held out: equal for copies of a row, up to case and white space. */
export function rowHash({ text, pair }: Pick<Example, 'text' | 'pair'>, seed: number): string {
  return hash('sha256', JSON.stringify([seed, plain(text), plain(pair ?? '')]))
}

function plain(text: string): string {
  const folded = text.normalize('NFKC').toLowerCase()
  // Most texts have single spaces only: looking is faster than replacing each by itself.
  return (/[^\S ]| {2}/.test(folded) ? folded.replace(/\s+/g, ' ') : folded).trim()
}
