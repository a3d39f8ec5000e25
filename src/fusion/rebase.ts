import type { FloatDtype } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { widenHalves } from '../floats/widen.ts'
import type { Block } from './span.ts'

/** Magnitudes from here on round to infinity: the largest value and half of its distance to the next. */
const ROUNDS_TO_INFINITY: Readonly<Record<FloatDtype, number>> = {
  F32: 2 ** 128 - 2 ** 103,
  BF16: 2 ** 128 - 2 ** 119,
  F16: 65_520,
}

/** An input whose rebased value the dtype can't hold. */
export interface Overflow {
  readonly input: number
  readonly element: number
}

/** What a late input stands for, as doubles: `base + (value - parent)`, the difference first. */
export function addRebased(
  { length, base }: Pick<Block, 'length' | 'base'>,
  values: Float32Array,
  parent: Float32Array,
  sums: Float64Array,
): void {
  for (let i = 0; i < length; i++) {
    sums[i] = (sums[i] ?? 0) + ((base[i] ?? 0) + ((values[i] ?? 0) - (parent[i] ?? 0)))
  }
}

/**
 * Rounds what a block's input stands for to the dtype, and writes that to the beginning of `into`, widened.
 * @returns index of the first element that is not finite, or -1
 */
export function rebaseInto(dtype: FloatDtype, block: Block, input: number, into: Float32Array): number {
  const { length, inputs, parents } = block
  const [values, parent] = [inputs[input], parents[input]]
  if (!values || !parent) throw new RangeError('only a late input is rebased')
  const numbers = new Float64Array(length)
  addRebased(block, values, parent, numbers)
  if (dtype === 'F32') into.set(numbers)
  else {
    const halves = new Uint16Array(length)
    roundToHalves(dtype, numbers, length, halves, 0)
    widenHalves(dtype, halves, 0, length, into)
  }
  const limit = ROUNDS_TO_INFINITY[dtype]
  // written so that NaN counts too
  return numbers.findIndex((number) => !(number < limit && number > -limit))
}
