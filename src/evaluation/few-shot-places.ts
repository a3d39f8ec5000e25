import type { Example } from '../ports/dataset.ts'
import { labelName } from '../training/labels.ts'
import { rowHash } from '../training/split.ts'

/** Of a hash: the few rows that meet by chance are taken for copies. */
const KEY_DIGITS = 12

/**
 * `sampleFewShot` for rows that come one at a time, of which few are remembered: labels take turns in the order of a seeded hash, and so do the
 * rows of each.
 *
 * @returns places of the chosen rows, counted from 0
 */
export async function chooseFewShot(
  rows: AsyncIterable<Example>,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<readonly number[]> {
  const groups = createSmallest<ReturnType<typeof createSmallest<number>>>(count)
  let place = 0
  for await (const example of rows) {
    const group = typeof example.label === 'number' ? '' : labelName(example.label)
    const own = groups.take(keyOf({ text: group }, seed), () => createSmallest<number>(count))
    const here = place++
    own?.take(keyOf(example, seed), () => here)
  }
  const queues = groups.values().map((group) => group.values())
  const longest = Math.max(0, ...queues.map(({ length }) => length))
  return Array.from({ length: longest }, (_, turn) => queues.flatMap((queue) => queue.slice(turn, turn + 1)))
    .flat()
    .slice(0, count)
}

function keyOf(texts: Pick<Example, 'text' | 'pair'>, seed: number): number {
  return Number.parseInt(rowHash(texts, seed).slice(0, KEY_DIGITS), 16)
}

/** The values with the smallest keys, at most `count`. */
function createSmallest<Value>(count: number) {
  const kept: { readonly key: number; readonly value: Value }[] = []
  return {
    values: () => kept.map(({ value }) => value),
    /** The value of the key, made when it is new; null when the key is too large. */
    take(key: number, make: () => Value): Value | null {
      const last = kept.at(-1)
      if (kept.length === count && last !== undefined && key > last.key) return null
      const next = kept.findIndex((other) => other.key >= key)
      const known = kept[next]
      if (known?.key === key) return known.value
      const value = make()
      kept.splice(next < 0 ? kept.length : next, 0, { key, value })
      if (kept.length > count) kept.pop()
      return value
    },
  }
}
