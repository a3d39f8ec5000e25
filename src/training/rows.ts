import { createGrowingNumbers } from './growing.ts'
import type { LabelledRow, TokenRow } from './learner.ts'

/** What a row says besides its tokens. */
export type RowTarget = Omit<LabelledRow, keyof TokenRow>

/** Rows ready for training, however many. */
export interface TokenRows {
  readonly length: number
  /** How many tokens a row has, without reading it. */
  tokens(index: number): number
  /** Of each row, without reading it. */
  readonly targets: readonly RowTarget[]
  row(index: number): LabelledRow
  /** The same rows with other targets. */
  withTargets(targets: readonly RowTarget[]): TokenRows
}

/** Where what belongs to rows is kept, numbers of four bytes one after the other. */
export interface PackedStore {
  append(numbers: Uint32Array): void
  read(start: number, count: number): Uint32Array
  /** Frees what holds them. Idempotent. */
  close(): void
}

/** Numbers of a store in memory at most: more go to a file. */
export const MEMORY_NUMBERS = 128 * 1024 ** 2
/** A token with its type in one number. */
const TYPE_UNIT = 2 ** 24
/** Of a piece of memory: enough that pieces are few. */
const PIECE_NUMBERS = 1_048_576
/** So many different targets are shared by rows. */
const MAX_SHARED = 10_000

/** Rows that are objects: the same ones each time. */
export function rowsOf(rows: readonly LabelledRow[]): TokenRows {
  return {
    length: rows.length,
    tokens: (index) => rows[index]?.ids.length ?? 0,
    targets: rows,
    withTargets: (targets) => rowsOf(rows.map((row, index) => ({ ...row, ...targets[index] }))),
    row: (index) => {
      const row = rows[index]
      if (row === undefined) throw new RangeError(`no row ${index}`)
      return row
    },
  }
}

/** How many tokens each row has. */
export function lengthsOf(rows: Pick<TokenRows, 'length' | 'tokens'>): number[] {
  return Array.from({ length: rows.length }, (_, index) => rows.tokens(index))
}

export function* eachRow(rows: TokenRows): Generator<LabelledRow> {
  for (let index = 0; index < rows.length; index++) yield rows.row(index)
}

export interface RowPacker {
  /** Rows so far. */
  readonly length: number
  add(row: LabelledRow): void
  /** All rows, or those at `places`. A row tells its place. */
  rows(places?: Uint32Array): TokenRows
}

/** Rows packed into one store: four bytes a token and some twenty a row, without an object for each. */
export function createRowPacker(store: PackedStore): RowPacker {
  const ends = createGrowingNumbers()
  const areTyped = createGrowingNumbers()
  const targets: RowTarget[] = []
  const known = new Map<string, RowTarget>()

  /** Rows of one label share what they say. */
  function shared(target: RowTarget): RowTarget {
    const name = JSON.stringify(target)
    const found = known.get(name)
    if (found === undefined && known.size < MAX_SHARED) known.set(name, target)
    return found ?? target
  }

  function packed(targets: readonly RowTarget[], placeOf: (index: number) => number): TokenRows {
    const startOf = (place: number) => (place === 0 ? 0 : ends.at(place - 1))
    const tokensAt = (place: number) => ends.at(place) - startOf(place)
    return {
      length: targets.length,
      tokens: (index) => tokensAt(placeOf(index)),
      targets,
      withTargets: (others) => packed(others, placeOf),
      row(index) {
        const target = targets[index]
        if (target === undefined) throw new RangeError(`no row ${index}`)
        const place = placeOf(index)
        const both = store.read(startOf(place), tokensAt(place))
        return { place, ...unpack(both, areTyped.at(place) === 1), ...target }
      },
    }
  }

  return {
    get length() {
      return targets.length
    },
    add({ ids, types, place: _, ...target }) {
      const both = Uint32Array.from(ids)
      if (types !== undefined) for (const [at, id] of both.entries()) both[at] = id + (types[at] ?? 0) * TYPE_UNIT
      store.append(both)
      areTyped.push(types === undefined ? 0 : 1)
      ends.push((ends.length === 0 ? 0 : ends.at(ends.length - 1)) + ids.length)
      targets.push(shared(target))
    },
    rows(places) {
      if (places === undefined) return packed(targets, (index) => index)
      const chosen = Array.from(places, (place) => targets[place] ?? { label: Number.NaN })
      return packed(chosen, (index) => places[index] ?? Number.NaN)
    },
  }
}

/** In a loop, since batches ask for rows again and again: a fifth of what `from` with a function takes. */
function unpack(both: Uint32Array, isTyped: boolean): TokenRow {
  const ids = new Int32Array(both.length)
  const types = new Uint8Array(isTyped ? both.length : 0)
  for (const [at, token] of both.entries()) {
    ids[at] = token % TYPE_UNIT
    if (isTyped) types[at] = Math.floor(token / TYPE_UNIT)
  }
  return isTyped ? { ids, types } : { ids }
}

export function createMemoryStore(): PackedStore & { readonly length: number; pieces(): readonly Uint32Array[] } {
  const full: Uint32Array[] = []
  let piece = new Uint32Array(PIECE_NUMBERS)
  let used = 0
  return {
    get length() {
      return full.length * PIECE_NUMBERS + used
    },
    append(numbers) {
      for (let at = 0; at < numbers.length; ) {
        const part = numbers.subarray(at, at + PIECE_NUMBERS - used)
        piece.set(part, used)
        used += part.length
        at += part.length
        if (used < PIECE_NUMBERS) continue
        full.push(piece)
        piece = new Uint32Array(PIECE_NUMBERS)
        used = 0
      }
    },
    read(start, count) {
      const numbers = new Uint32Array(count)
      for (let at = 0; at < count; ) {
        const place = (start + at) % PIECE_NUMBERS
        const from = full[Math.floor((start + at) / PIECE_NUMBERS)] ?? piece
        const part = from.subarray(place, place + count - at)
        numbers.set(part, at)
        at += part.length
      }
      return numbers
    },
    pieces: () => [...full, piece.subarray(0, used)],
    close() {
      full.length = 0
    },
  }
}
