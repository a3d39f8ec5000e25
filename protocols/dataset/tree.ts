import { joinBytes } from '../wire/bytes.ts'
import { sha256 } from '../wire/crypto.ts'

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)
const TEXT = new TextEncoder()

export type Side = 'left' | 'right'

/** Rows from `first` on, up to `end`, not included. */
export interface RowRange {
  readonly first: number
  readonly end: number
}

/** One level of the way from the root to a row. */
export interface Level {
  /** Where the row is. */
  readonly side: Side
  /** Rows of the other half, whose hash a proof has. */
  readonly beside: RowRange
}

/** @param salt of this row: 32 bytes */
export function leafHash(salt: Uint8Array, row: string): Uint8Array {
  return sha256(joinBytes([LEAF, salt, TEXT.encode(row)]))
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(joinBytes([NODE, left, right]))
}

/** The levels of a tree of `rows` leaves above the one at `index`, the root's first. SPEC, Checking a proof, 1. */
export function levelsOf(index: number, rows: number): readonly Level[] {
  const levels: Level[] = []
  let range: RowRange = { first: 0, end: rows }
  while (range.end - range.first > 1) {
    const { first, end } = range
    const middle = first + powerBelow(end - first)
    const [left, right] = [
      { first, end: middle },
      { first: middle, end },
    ]
    levels.push(index < middle ? { side: 'left', beside: right } : { side: 'right', beside: left })
    range = index < middle ? left : right
  }
  return levels
}

/**
 * The root that a leaf and the hashes beside it give.
 * @param path from the leaf up
 * @returns null when there is no such place, or the path has another number of hashes than a leaf there has levels
 */
export function rootOf(
  leaf: Uint8Array,
  { index, rows, path }: { readonly index: number; readonly rows: number; readonly path: readonly Uint8Array[] },
): Uint8Array | null {
  if (index >= rows) return null
  const levels = levelsOf(index, rows).toReversed()
  if (levels.length !== path.length) return null
  return levels.reduce((hash, { side }, level) => {
    const beside = path[level]
    if (beside === undefined) return hash
    return side === 'left' ? nodeHash(hash, beside) : nodeHash(beside, hash)
  }, leaf)
}

/** The largest power of two below n, which is above 1. */
function powerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}
