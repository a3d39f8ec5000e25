import { WHOLE_FACTOR } from '../../protocols/lineage/clipping.ts'
import type { Block } from './span.ts'

/** clipped-mean/1: the base and the mean of what the inputs differ by, each taken by its factor. */
export function clippedMean(
  { length, base, inputs }: Block,
  numbers: Float64Array,
  { factors }: { readonly factors: readonly number[] },
): void {
  numbers.fill(0, 0, length)
  for (const [input, values] of inputs.entries()) {
    const factor = (factors[input] ?? 0) / WHOLE_FACTOR
    for (let i = 0; i < length; i++) {
      numbers[i] = (numbers[i] ?? 0) + factor * ((values[i] ?? 0) - (base[i] ?? 0))
    }
  }
  for (let i = 0; i < length; i++) numbers[i] = (base[i] ?? 0) + (numbers[i] ?? 0) / inputs.length
}
