import type { Example } from '../ports/dataset.ts'
import { createGrowingNumbers, type GrowingNumbers } from './growing.ts'
import { rowHash } from './split.ts'

/** Bytes of a hash that tell rows apart: the few that meet by chance are taken for copies of a row. */
const KEY_BYTES = 6

/** Held out of a file at most: validating takes time again and again, and more rows would hardly tell more. */
const MAX_HELD_OUT = 10_000

/** Of a file's rows, the share to hold out where `fraction` is asked for. */
export function heldOutShare(fraction: number, rows: number): number {
  return Math.min(fraction, MAX_HELD_OUT / rows)
}

/** `splitExamples` for rows that come one at a time: eight bytes a row. Lists of labels are one group. */
export interface HoldOut {
  add(example: Example): void
  /** After the last row: which of them are held out. */
  choose(): (example: Example) => boolean
}

export function createHoldOut({ fraction, seed }: { readonly fraction: number; readonly seed: number }): HoldOut {
  const keysByGroup = new Map<string, GrowingNumbers>()
  const keyOf = (example: Example) => Number.parseInt(rowHash(example, seed).slice(0, KEY_BYTES * 2), 16)
  return {
    add(example) {
      const group = typeof example.label === 'string' ? example.label : ''
      const keys = keysByGroup.get(group) ?? createGrowingNumbers()
      keysByGroup.set(group, keys)
      keys.push(keyOf(example))
    },
    choose() {
      const chosen = new Set<number>()
      for (const keys of keysByGroup.values()) {
        const different = distinct(keys.values().sort())
        const count = different < 2 ? 0 : Math.min(Math.max(1, Math.round(different * fraction)), different - 1)
        for (const key of keys.values().subarray(0, count)) chosen.add(key)
      }
      return (example) => chosen.has(keyOf(example))
    },
  }
}

/** Moves the different ones of sorted numbers to the front. @returns how many */
function distinct(sorted: Float64Array): number {
  let count = 0
  for (const value of sorted) if (count === 0 || sorted[count - 1] !== value) sorted[count++] = value
  return count
}
