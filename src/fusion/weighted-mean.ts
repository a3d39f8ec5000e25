import type { Block } from './span.ts'
import { divide } from './sums.ts'

/** weighted-mean/1: each product is rounded, then added in id order; one division by the sum of the weights. */
export function weightedMean(
  { length, inputs }: Block,
  numbers: Float64Array,
  { weights }: { readonly weights: readonly number[] },
): void {
  numbers.fill(0, 0, length)
  let total = 0
  for (const [input, values] of inputs.entries()) {
    const weight = weights[input] ?? 0
    total += weight
    for (let i = 0; i < length; i++) numbers[i] = (numbers[i] ?? 0) + weight * (values[i] ?? 0)
  }
  divide(numbers, length, total)
}
