import type { Random } from './random.ts'

/** Lengths in tokens that batches are padded to: an engine compiles one graph for each that occurs. */
export const BUCKET_LENGTHS = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192] as const
/** So many batches are drawn and sorted by length together: enough for batches of like lengths, few enough to stay random. */
const POOL_BATCHES = 16

export interface Batch {
  /** Indices of rows. */
  readonly rows: readonly number[]
  /** The bucket length that all of them fit in. */
  readonly length: number
}

/** The bucket for a row of `tokens`, at most `maxTokens`. */
export function bucketLength(tokens: number, maxTokens: number): number {
  return Math.min(maxTokens, BUCKET_LENGTHS.find((length) => length >= tokens) ?? maxTokens)
}

interface BatchOptions {
  readonly batch: number
  readonly maxTokens: number
}

/**
 * Endless batches over rows of `lengths` tokens: every row once an epoch, in a new random order each, rows of like length together.
 * A batch has `batch` rows, or all of them where there are fewer.
 */
export function* trainingBatches(
  lengths: readonly number[],
  { batch, maxTokens, random }: BatchOptions & { readonly random: Random },
): Generator<Batch, never> {
  const size = Math.min(batch, lengths.length)
  if (size === 0) throw new RangeError('no rows')
  const poolRows = size * Math.min(POOL_BATCHES, Math.floor(lengths.length / size))
  let waiting: number[] = []
  let next = 0
  for (;;) {
    if (waiting.length - next < poolRows) {
      waiting = waiting.slice(next).concat(random.shuffle([...lengths.keys()]))
      next = 0
    }
    const pool = waiting.slice(next, next + poolRows)
    next += poolRows
    const sorted = pool.toSorted((a, b) => bucketOf(a) - bucketOf(b))
    yield* random.shuffle(cut(sorted, size, bucketOf))
  }

  function bucketOf(row: number): number {
    return bucketLength(lengths[row] ?? 0, maxTokens)
  }
}

/** Every row once, rows of like length together; the last batch of all may be smaller. */
export function evaluationBatches(lengths: readonly number[], { batch, maxTokens }: BatchOptions): Batch[] {
  const sorted = [...lengths.keys()].sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0))
  return cut(sorted, batch, (row) => bucketLength(lengths[row] ?? 0, maxTokens))
}

function cut(rows: readonly number[], size: number, bucketOf: (row: number) => number): Batch[] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, index) => {
    const slice = rows.slice(index * size, (index + 1) * size)
    return { rows: slice, length: Math.max(...slice.map(bucketOf)) }
  })
}
