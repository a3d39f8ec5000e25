import { createRandom, type Random } from '../../../src/training/random.ts'

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
/** Ids before are special tokens. */
const FIRST_WORD_ID = 5

/** The batches of one epoch, shuffled; the same for the same seed and epoch. Rows that don't fill a batch wait for no one: dropped. */
export function* epochBatches(
  entries: readonly TokenizedEntry[],
  epoch: number,
  options: BatchOptions,
): Generator<MlmBatch> {
  const random = createRandom(options.seed, `epoch ${epoch}`)
  const order = random.shuffle(Uint32Array.from({ length: entries.length }, (_, at) => at))
  const waiting = new Map<number, TokenizedEntry[]>(options.lengths.map((length) => [length, []]))
  const longest = options.lengths.at(-1) ?? 0
  for (const at of order) {
    const entry = entries[at]
    if (entry === undefined) continue
    const isProse = entry.topics.length === 0 && entry.secondAt === entry.ids.length
    if (isProse && random.uniform() >= options.proseShare) continue
    const length = options.lengths.find((limit) => entry.ids.length <= limit) ?? longest
    const rows = waiting.get(length) ?? []
    rows.push(entry)
    if (rows.length === Math.floor(options.tokens / length)) {
      waiting.set(length, [])
      yield masked(rows, length, options, random)
    }
  }
}

function masked(rows: readonly TokenizedEntry[], length: number, options: BatchOptions, random: Random): MlmBatch {
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
    const topic = entry.topics[random.below(Math.max(1, entry.topics.length))]
    const piece = topic?.[random.below(topic.length)]
    if (piece !== undefined) predict(start, piece)
    const hasSecond = entry.secondAt < tokens
    const hides = hasSecond && entry.secondAt - 2 <= MAX_HIDDEN_WORD && random.uniform() < HIDE_WORD
    for (const at of chosen(entry, tokens, hides, special, random)) {
      predict(start + at, ids[start + at] ?? 0)
      const draw = random.uniform()
      if (draw < 1 - 2 * KEEP_OR_REPLACE) ids[start + at] = special.mask
      else if (draw < 1 - KEEP_OR_REPLACE) ids[start + at] = FIRST_WORD_ID + random.below(vocabulary - FIRST_WORD_ID)
    }
  }
  return { batch, length, ids, types, lengths, positions, labels }
}

/** 15% of the tokens, at least one; with `hides`, the whole first segment and a tenth of the rest. */
function chosen(entry: TokenizedEntry, tokens: number, hides: boolean, special: SpecialIds, random: Random): number[] {
  const candidates: number[] = []
  for (let at = 1; at < tokens - 1; at++) if (entry.ids[at] !== special.sep) candidates.push(at)
  if (hides) return candidates.filter((at) => at < entry.secondAt - 1 || random.uniform() < MASKED / 2)
  const picked = candidates.filter(() => random.uniform() < MASKED)
  const any = candidates[random.below(Math.max(1, candidates.length))]
  return picked.length === 0 && any !== undefined ? [any] : picked
}
