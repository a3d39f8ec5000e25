/** Elements whose f64 sums stay in the first-level cache. */
const BLOCK = 1024

/**
 * mean/1 over F32: per element the f64 sum from +0 in the order of `inputs`, one f64 division, one rounding to F32;
 * -0 becomes +0. All inputs and `out` have one length. Infinities and NaN are not looked for: see `scan.ts`.
 *
 * Inputs are added to a block of sums, four at a time (eight streams at equal page offsets evict each other from a
 * small first-level cache); each element's additions keep their order.
 */
export function meanF32(inputs: readonly Float32Array[], out: Float32Array): void {
  const count = inputs.length
  if (count === 0) throw new RangeError('a mean needs at least one input')
  for (const input of inputs) {
    if (input.length !== out.length) throw new RangeError('inputs and output of a mean have one length')
  }
  const sums = new Float64Array(Math.min(BLOCK, out.length))
  for (let from = 0; from < out.length; from += BLOCK) {
    const length = Math.min(BLOCK, out.length - from)
    sums.fill(0, 0, length)
    addAll(inputs, from, length, sums)
    divide(sums, count, out, from, length)
  }
}

function addAll(inputs: readonly Float32Array[], from: number, length: number, sums: Float64Array): void {
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

function divide(sums: Float64Array, count: number, out: Float32Array, from: number, length: number): void {
  // a negative mean below half the smallest subnormal rounds to -0; adding +0 to the rounded value makes it +0
  for (let i = 0; i < length; i++) out[from + i] = Math.fround((sums[i] ?? 0) / count) + 0
}
