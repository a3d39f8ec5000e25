import { randomFrom } from './random.ts'

/** A tokenised entry: ids with [CLS] and [SEP], where the second segment begins (`ids.length` if there is none), topics' ids. */
export interface TokenizedEntry {
  readonly ids: readonly number[]
  readonly secondAt: number
  readonly topics: readonly (readonly number[])[]
}

export interface SpecialIds {
  readonly pad: number
  readonly cls: number
  readonly sep: number
  readonly mask: number
}

/** `batch` rows of `length` tokens, row by row, and what to predict where. */
export interface MlmBatch {
  readonly batch: number
  readonly length: number
  readonly ids: Int32Array
  readonly types: Int32Array
  /** Tokens of each row before padding. */
  readonly lengths: Int32Array
  /** Index into `ids` of each position to predict, and the token that belongs there. */
  readonly positions: number[]
  readonly labels: number[]
}

export interface BatchOptions {
  readonly seed: number
  /** Tokens of a batch, padding included: batch = tokens / length. */
  readonly tokens: number
  /** Ascending; an entry goes into the shortest that holds it, cut to the longest. */
  readonly lengths: readonly number[]
  readonly vocabulary: number
  readonly special: SpecialIds
  /** Probability that an entry of kind `prose` (no topics, one segment) is in a given epoch. */
  readonly proseShare: number
}

const MASKED = 0.15
const KEEP_OR_REPLACE = 0.1
/** How often a short first segment (the word that a definition defines) is hidden as a whole. */
const HIDE_WORD = 0.3
const MAX_HIDDEN_WORD = 6

/** The batches of one epoch, shuffled; the same for the same seed and epoch. Rows that don't fill a batch wait for no one: dropped. */
export function* epochBatches(entries: readonly TokenizedEntry[], epoch: number, options: BatchOptions): Generator<MlmBatch> {
  const random = randomFrom(options.seed * 1_000_003 + epoch)
  const order = shuffled(entries.length, random)
  const waiting = new Map<number, TokenizedEntry[]>(options.lengths.map((length) => [length, []]))
  const longest = options.lengths.at(-1) ?? 0
  for (const at of order) {
    const entry = entries[at]
    if (entry === undefined) continue
    const isProse = entry.topics.length === 0 && entry.secondAt === entry.ids.length
    if (isProse && random() >= options.proseShare) continue
    const length = options.lengths.find((limit) => entry.ids.length <= limit) ?? longest
    const rows = waiting.get(length) ?? []
    rows.push(entry)
    if (rows.length === Math.floor(options.tokens / length)) {
      waiting.set(length, [])
      yield masked(rows, length, options, random)
    }
  }
}

function masked(rows: readonly TokenizedEntry[], length: number, options: BatchOptions, random: () => number): MlmBatch {
  const { special, vocabulary } = options
  const batch = rows.length
  const ids = new Int32Array(batch * length).fill(special.pad)
  const types = new Int32Array(batch * length)
  const lengths = new Int32Array(batch)
  const positions: number[] = []
  const labels: number[] = []
  const predict = (position: number, label: number) => {
    positions.push(position)
    labels.push(label)
  }
  for (const [row, entry] of rows.entries()) {
    const tokens = Math.min(entry.ids.length, length)
    const start = row * length
    lengths[row] = tokens
    for (let at = 0; at < tokens; at++) {
      ids[start + at] = entry.ids[at] ?? special.pad
      types[start + at] = at >= entry.secondAt ? 1 : 0
    }
    ids[start + tokens - 1] = special.sep
    // [CLS] names a word that the definition defines: it becomes a summary of the whole text.
    const topic = entry.topics[Math.floor(random() * entry.topics.length)]
    const piece = topic?.[Math.floor(random() * topic.length)]
    if (piece !== undefined) predict(start, piece)
    const hasSecond = entry.secondAt < tokens
    const hides = hasSecond && entry.secondAt - 2 <= MAX_HIDDEN_WORD && random() < HIDE_WORD
    for (const at of chosen(entry, tokens, hides, special, random)) {
      predict(start + at, ids[start + at] ?? 0)
      const draw = random()
      if (draw < 1 - 2 * KEEP_OR_REPLACE) ids[start + at] = special.mask
      else if (draw < 1 - KEEP_OR_REPLACE) ids[start + at] = 5 + Math.floor(random() * (vocabulary - 5))
    }
  }
  return { batch, length, ids, types, lengths, positions, labels }
}

/** 15% of the tokens, at least one; with `hides`, the whole first segment and a tenth of the rest. */
function chosen(entry: TokenizedEntry, tokens: number, hides: boolean, special: SpecialIds, random: () => number): number[] {
  const candidates: number[] = []
  for (let at = 1; at < tokens - 1; at++) if (entry.ids[at] !== special.sep) candidates.push(at)
  if (hides) return candidates.filter((at) => at < entry.secondAt - 1 || random() < MASKED / 2)
  const picked = candidates.filter(() => random() < MASKED)
  const any = candidates[Math.floor(random() * candidates.length)]
  return picked.length === 0 && any !== undefined ? [any] : picked
}

function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, at) => at)
  for (let at = count - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1))
    const kept = order[at] ?? 0
    order[at] = order[other] ?? 0
    order[other] = kept
  }
  return order
}
