/** Two places of a list; the greater of their values goes to the second. */
export type Comparator = readonly [low: number, high: number]

/** Comparators that sort any list of `count` values: merge exchange (Knuth, The Art of Computer Programming, 5.2.2, M). */
export function sortingNetwork(count: number): readonly Comparator[] {
  const comparators: Comparator[] = []
  const top = count < 2 ? 0 : 2 ** (31 - Math.clz32(count - 1))
  for (let p = top; p > 0; p >>= 1) {
    let [q, r, d] = [top, 0, p]
    while (d > 0) {
      for (let i = 0; i < count - d; i++) if ((i & p) === r) comparators.push([i, i + d])
      d = q > p ? q - p : 0
      q >>= 1
      r = p
    }
  }
  return comparators
}
