/**
 * Adds `length` elements of each input, from `from` on, to the beginning of `sums`: four inputs at a time (eight streams at
 * equal page offsets evict each other from a small first-level cache); each element's additions keep the inputs' order.
 */
export function addInputs(inputs: readonly Float32Array[], from: number, length: number, sums: Float64Array): void {
  let next = 0
  while (next < inputs.length) {
    const [a, b, c, d] = inputs.slice(next, next + 4)
    if (a && b && c && d) {
      addFour(a, b, c, d, from, length, sums)
      next += 4
    } else if (a) {
      addOne(a, from, length, sums)
      next += 1
    }
  }
}

// `?? 0` never applies (all indices are inside); it only tells the compiler so, and costs nothing.

function addFour(
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
  d: Float32Array,
  from: number,
  length: number,
  sums: Float64Array,
): void {
  for (let i = 0, k = from; i < length; i++, k++) {
    sums[i] = (sums[i] ?? 0) + (a[k] ?? 0) + (b[k] ?? 0) + (c[k] ?? 0) + (d[k] ?? 0)
  }
}

function addOne(a: Float32Array, from: number, length: number, sums: Float64Array): void {
  for (let i = 0, k = from; i < length; i++, k++) sums[i] = (sums[i] ?? 0) + (a[k] ?? 0)
}
