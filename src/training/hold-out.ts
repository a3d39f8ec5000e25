import { type Example, type Examples, isStored, type LabelRows } from '../ports/dataset.ts'
import type { TrainingPlan } from '../ports/trainer.ts'
import { createGrowingNumbers } from './growing.ts'
import { rarestLabel, rowHash, splitExamples } from './split.ts'

/** Bytes of a hash that tell rows apart: the few that meet by chance are taken for copies of a row. */
const KEY_BYTES = 6

/** Held out of a file at most: validating takes time again and again, and more rows would hardly tell more. */
export const MAX_HELD_OUT = 10_000

/** Of a file's rows, the share to hold out where `fraction` is asked for. */
export function heldOutShare(fraction: number, rows: number): number {
  return Math.min(fraction, MAX_HELD_OUT / rows)
}

/** `splitExamples` for rows that come one at a time: sixteen bytes a row. */
export interface HoldOut {
  add(example: Example): void
  /** After the last row: which of them are held out, by their place. */
  choose(): (index: number) => boolean
}

/** What a plan holds out of a dataset's rows, which are known once all were added: of rows in memory as `splitExamples`, of a file's at most 10,000. */
export function holdOutOf(
  examples: Examples,
  { validationFraction, seed }: Pick<TrainingPlan, 'validationFraction' | 'seed'>,
): HoldOut {
  if (isStored(examples)) {
    const fraction = heldOutShare(validationFraction, examples.length)
    return createHoldOut({ fraction, seed, labelRows: examples.source.labelRows })
  }
  return {
    add: () => {},
    choose: () => {
      const heldOut = new Set(splitExamples(examples, { fraction: validationFraction, seed }).validation)
      return (place) => {
        const example = examples[place]
        return example !== undefined && heldOut.has(example)
      }
    },
  }
}

/** @param labelRows of lists of labels, rows of each label: what their rarest label is must be known before */
export function createHoldOut({
  fraction,
  seed,
  labelRows = [],
}: {
  readonly fraction: number
  readonly seed: number
  readonly labelRows?: LabelRows
}): HoldOut {
  const groups = new Map<string, number>()
  const keys = createGrowingNumbers()
  const groupOfRow = createGrowingNumbers()
  const rarest = rarestLabel(new Map(labelRows))
  return {
    add({ label, ...texts }) {
      const name = typeof label === 'number' ? '' : typeof label === 'string' ? label : JSON.stringify(rarest(label))
      const group = groups.get(name) ?? groups.size
      groups.set(name, group)
      groupOfRow.push(group)
      keys.push(Number.parseInt(rowHash(texts, seed).slice(0, KEY_BYTES * 2), 16))
    },
    choose() {
      const chosen = new Set<number>()
      for (const sorted of keysByGroup()) {
        const different = distinct(sorted)
        const count = different < 2 ? 0 : Math.min(Math.max(1, Math.round(different * fraction)), different - 1)
        for (const key of sorted.subarray(0, count)) chosen.add(key)
      }
      return (index) => chosen.has(keys.at(index))
    },
  }

  /** The sorted keys of each group. */
  function keysByGroup(): Float64Array[] {
    const counts = new Uint32Array(groups.size)
    for (const group of groupOfRow.values()) counts[group] = (counts[group] ?? 0) + 1
    const byGroup = Array.from(counts, (count) => new Float64Array(count))
    counts.fill(0)
    for (const [row, group] of groupOfRow.values().entries()) {
      const place = counts[group] ?? 0
      const ofGroup = byGroup[group]
      if (ofGroup !== undefined) ofGroup[place] = keys.at(row)
      counts[group] = place + 1
    }
    return byGroup.map((ofGroup) => ofGroup.sort())
  }
}

/** Moves the different ones of sorted numbers to the front. @returns how many */
function distinct(sorted: Float64Array): number {
  let count = 0
  for (const value of sorted) if (count === 0 || sorted[count - 1] !== value) sorted[count++] = value
  return count
}
