import { createGrowingNumbers } from './growing.ts'
import type { LabelledRow } from './learner.ts'

/** What a row says besides its tokens. */
export type RowTarget = Omit<LabelledRow, 'ids' | 'types'>

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

/** Rows packed into one store: four bytes a token and some twenty a row, without an object for each. */
export function createRowPacker(store: TokenStore): { add(row: LabelledRow): void; rows(): TokenRows } {
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

  function packed(targets: readonly RowTarget[]): TokenRows {
    const startOf = (index: number) => (index === 0 ? 0 : ends.at(index - 1))
    const tokens = (index: number) => ends.at(index) - startOf(index)
    return {
      length: targets.length,
      tokens,
      targets,
      withTargets: packed,
      row(index) {
        const target = targets[index]
        if (target === undefined) throw new RangeError(`no row ${index}`)
        const both = store.read(startOf(index), tokens(index))
        const ids = Int32Array.from(both, (token) => token % TYPE_UNIT)
        if (areTyped.at(index) === 0) return { ids, ...target }
        return { ids, types: Uint8Array.from(both, (token) => Math.floor(token / TYPE_UNIT)), ...target }
      },
      close: () => store.close(),
    }
  }

  return {
    add({ ids, types, ...target }) {
      store.append(Uint32Array.from(ids, (id, at) => id + (types?.[at] ?? 0) * TYPE_UNIT))
      areTyped.push(types === undefined ? 0 : 1)
      ends.push((ends.length === 0 ? 0 : ends.at(ends.length - 1)) + ids.length)
      targets.push(shared(target))
    },
    rows: () => packed(targets),
  }
}

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
