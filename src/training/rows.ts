import { createGrowingNumbers } from './growing.ts'
import type { LabelledRow } from './learner.ts'

/** Rows ready for training, however many. */
export interface TokenRows {
  readonly length: number
  /** How many tokens a row has, without reading it. */
  tokens(index: number): number
  row(index: number): LabelledRow
  /** Frees what holds the tokens. Idempotent. */
  close(): void
}

/** Where the tokens of rows are kept, one after the other. */
export interface TokenStore {
  append(tokens: Uint32Array): void
  read(start: number, count: number): Uint32Array
  close(): void
}

/** A token with its type in one number. */
const TYPE_UNIT = 2 ** 24
/** Tokens of a piece of memory: enough that pieces are few. */
const PIECE_TOKENS = 1_048_576

/** Rows that are objects: the same ones each time. */
export function rowsOf(rows: readonly LabelledRow[]): TokenRows {
  return {
    length: rows.length,
    tokens: (index) => rows[index]?.ids.length ?? 0,
    row: (index) => {
      const row = rows[index]
      if (row === undefined) throw new RangeError(`no row ${index}`)
      return row
    },
    close: () => {},
  }
}

/** How many tokens each row has. */
export function lengthsOf(rows: Pick<TokenRows, 'length' | 'tokens'>): number[] {
  return Array.from({ length: rows.length }, (_, index) => rows.tokens(index))
}

export function* eachRow(rows: TokenRows): Generator<LabelledRow> {
  for (let index = 0; index < rows.length; index++) yield rows.row(index)
}

/** Rows packed into one store: four bytes a token and sixteen a row, without an object for each. */
export function createRowPacker(store: TokenStore): { add(row: LabelledRow): void; rows(): TokenRows } {
  const ends = createGrowingNumbers()
  const typed = createGrowingNumbers()
  const others: Omit<LabelledRow, 'ids' | 'types'>[] = []
  const known = new Map<string, Omit<LabelledRow, 'ids' | 'types'>>()
  return {
    add({ ids, types, ...other }) {
      store.append(Uint32Array.from(ids, (id, at) => id + (types?.[at] ?? 0) * TYPE_UNIT))
      typed.push(types === undefined ? 0 : 1)
      ends.push((ends.length === 0 ? 0 : ends.at(ends.length - 1)) + ids.length)
      // Rows of one label share what they say besides tokens.
      const name = JSON.stringify(other)
      const shared = known.get(name) ?? other
      if (known.size < MAX_SHARED) known.set(name, shared)
      others.push(shared)
    },
    rows() {
      const startOf = (index: number) => (index === 0 ? 0 : ends.at(index - 1))
      return {
        length: others.length,
        tokens: (index) => ends.at(index) - startOf(index),
        row(index) {
          const packed = store.read(startOf(index), ends.at(index) - startOf(index))
          const other = others[index]
          if (other === undefined) throw new RangeError(`no row ${index}`)
          const ids = Int32Array.from(packed, (token) => token % TYPE_UNIT)
          if (typed.at(index) === 0) return { ids, ...other }
          return { ids, types: Uint8Array.from(packed, (token) => Math.floor(token / TYPE_UNIT)), ...other }
        },
        close: () => store.close(),
      }
    },
  }
}

const MAX_SHARED = 10_000

/** Tokens in memory. */
export function createMemoryStore(): TokenStore & { readonly tokens: number; pieces(): readonly Uint32Array[] } {
  const full: Uint32Array[] = []
  let piece = new Uint32Array(PIECE_TOKENS)
  let used = 0
  return {
    get tokens() {
      return full.length * PIECE_TOKENS + used
    },
    append(tokens) {
      for (let at = 0; at < tokens.length; ) {
        const part = tokens.subarray(at, at + PIECE_TOKENS - used)
        piece.set(part, used)
        used += part.length
        at += part.length
        if (used < PIECE_TOKENS) continue
        full.push(piece)
        piece = new Uint32Array(PIECE_TOKENS)
        used = 0
      }
    },
    read(start, count) {
      const tokens = new Uint32Array(count)
      for (let at = 0; at < count; ) {
        const place = (start + at) % PIECE_TOKENS
        const from = full[Math.floor((start + at) / PIECE_TOKENS)] ?? piece
        const part = from.subarray(place, place + count - at)
        tokens.set(part, at)
        at += part.length
      }
      return tokens
    },
    pieces: () => [...full, piece.subarray(0, used)],
    close() {
      full.length = 0
    },
  }
}
