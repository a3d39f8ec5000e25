import { bucketLength } from './batches.ts'
import type { BodyOptions, Engine } from './engine.ts'
import { EVALUATION_BATCH, type TokenRow } from './learner.ts'
import type { PackedStore } from './rows.ts'

/** What a frozen body makes of rows, computed when it is first asked for, and kept. */
export interface RowFeatures {
  /** Hidden numbers each. A row must tell its place. */
  of(rows: readonly TokenRow[]): Promise<Float32Array[]>
  /** So far; of passing the body alone. */
  tokensPerSecond(): number
  release(): Promise<void>
}

export interface RowFeatureOptions extends BodyOptions {
  /** Places of rows are below this. */
  readonly places: number
  /** Where features are kept. */
  readonly store: PackedStore
  readonly maxTokens: number
  readonly now: () => number
  readonly checkAborted: () => void
}

export async function createRowFeatures(engine: Engine, options: RowFeatureOptions): Promise<RowFeatures> {
  const { shape, store, maxTokens, now, checkAborted } = options
  const { hiddenSize } = shape.config
  const extractor = await engine.createExtractor(options)
  /** Of each place, one more than where among the kept features its own are; 0: nowhere yet. */
  const slots = new Uint32Array(options.places)
  let kept = 0
  let tokens = 0
  let spentMs = 0

  /** Each row in its own bucket, so that it makes no difference which rows come together. */
  async function compute(missing: readonly TokenRow[]): Promise<void> {
    const started = now()
    const byLength = Map.groupBy(missing, ({ ids }) => bucketLength(ids.length, maxTokens))
    for (const [length, rows] of byLength) {
      for (let from = 0; from < rows.length; from += EVALUATION_BATCH) {
        checkAborted()
        const some = rows.slice(from, from + EVALUATION_BATCH)
        const computed = await extractor.features(some, length)
        for (const [index, row] of some.entries()) keep(row, computed[index] ?? new Float32Array(hiddenSize))
      }
    }
    spentMs += now() - started
  }

  function keep(row: TokenRow, features: Float32Array): void {
    store.append(new Uint32Array(features.buffer, features.byteOffset, features.length))
    slots[placeOf(row)] = ++kept
    tokens += row.ids.length
  }

  function read(row: TokenRow): Float32Array {
    const slot = slots[placeOf(row)] ?? 0
    return new Float32Array(store.read((slot - 1) * hiddenSize, hiddenSize).buffer)
  }

  return {
    async of(rows) {
      const missing = new Map(rows.filter((row) => slots[placeOf(row)] === 0).map((row) => [row.place, row]))
      if (missing.size > 0) await compute([...missing.values()])
      return rows.map(read)
    },
    tokensPerSecond: () => (tokens * 1_000) / Math.max(1, spentMs),
    release: () => extractor.release(),
  }
}

function placeOf({ place }: TokenRow): number {
  if (place === undefined) throw new RangeError('a row of a frozen body tells its place')
  return place
}
