import { createRandom } from '../../training/random.ts'

/** Lengths kept, a random sample of all: percentiles are right to a fraction of a percent. */
const SAMPLE = 20_000

/** How long texts are, in tokens or words. */
export interface Lengths {
  readonly unit: 'tokens' | 'words'
  readonly median: number
  readonly p90: number
  readonly p99: number
  /** Of those looked at. */
  readonly max: number
  /** Share of texts with more than `maxTokens`; null where words are counted. */
  readonly truncated: number | null
  readonly maxTokens: number
  /** Rows whose lengths are known. */
  readonly rows: number
}

/** Counts of a stream, of which it asks for those that it keeps only: counting tokens takes time. */
export function createLengthSample(unit: Lengths['unit'], maxTokens: number) {
  const random = createRandom(1, 'lengths')
  const kept: number[] = []
  let seen = 0
  return {
    add(count: () => number): void {
      const place = seen < SAMPLE ? seen : Math.floor(random.uniform() * (seen + 1))
      seen++
      if (place < SAMPLE) kept[place] = count()
    },
    /** Null when nothing was added. */
    lengths(): Lengths | null {
      const sorted = kept.toSorted((a, b) => a - b)
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
      if (sorted.length === 0) return null
      const longer = sorted.filter((length) => length > maxTokens).length
      return {
        unit,
        median: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: at(1),
        truncated: unit === 'tokens' ? longer / sorted.length : null,
        maxTokens,
        rows: sorted.length,
      }
    },
  }
}
