/**
 * Adds `length` elements of each input to `sums`: four inputs at a time (eight streams at
 * equal page offsets evict each other from a small first-level cache); each element's additions keep the inputs' order.
 */
export function addInputs(inputs: readonly Float32Array[], length: number, sums: Float64Array): void {
  let next = 0
  while (next < inputs.length) {
    const [a, b, c, d] = inputs.slice(next, next + 4)
    if (a && b && c && d) {
      addFour(a, b, c, d, length, sums)
      next += 4
    } else if (a) {
      addOne(a, length, sums)
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
  length: number,
  sums: Float64Array,
): void {
  for (let i = 0; i < length; i++) {
    sums[i] = (sums[i] ?? 0) + (a[i] ?? 0) + (b[i] ?? 0) + (c[i] ?? 0) + (d[i] ?? 0)
  }
}

function addOne(a: Float32Array, length: number, sums: Float64Array): void {
  for (let i = 0; i < length; i++) sums[i] = (sums[i] ?? 0) + (a[i] ?? 0)
}

export function divide(numbers: Float64Array, length: number, by: number): void {
  for (let i = 0; i < length; i++) numbers[i] = (numbers[i] ?? 0) / by
}
