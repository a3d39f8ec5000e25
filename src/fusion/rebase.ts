import type { FloatDtype, HalfDtype } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { widenHalves } from '../floats/widen.ts'
import { addInputs } from './sums.ts'

/** One input's part of a tensor; `parent` is its parent's part where it is rebased, else null. */
export interface Rebasable<Elements> {
  readonly values: Elements
  readonly parent: Elements | null
}

/** Magnitudes from here on round to infinity: the largest value and half of its distance to the next. */
const ROUNDS_TO_INFINITY: Readonly<Record<FloatDtype, number>> = {
  F32: 2 ** 128 - 2 ** 103,
  BF16: 2 ** 128 - 2 ** 119,
  F16: 65_520,
}
/** Elements whose f64 sums stay in the first-level cache. */
const BLOCK = 1024
const MINUS_ZERO = 0x8000

/** An input whose rebased value the dtype can't hold. */
export interface Overflow {
  readonly input: number
  readonly element: number
}

/**
 * mean/1 where some inputs are rebased: such an input stands for `base + (value - parent)`, both operations in f64, unrounded.
 * The rest is as in `meanF32`. Returns the first input, and its first element, whose rebased value rounds to no finite F32;
 * `out` is then worth nothing.
 */
export function meanRebasedF32(
  inputs: readonly Rebasable<Float32Array>[],
  base: Float32Array,
  out: Float32Array,
): Overflow | null {
  const sums = new Float64Array(Math.min(BLOCK, out.length))
  const found: Overflow[] = []
  for (let from = 0; from < out.length; from += BLOCK) {
    const length = Math.min(BLOCK, out.length - from)
    sums.fill(0, 0, length)
    for (const [input, { values, parent }] of inputs.entries()) {
      if (parent === null) addInputs([values], from, length, sums)
      else note(found, input, addRebased('F32', { values, parent, base }, from, length, sums), from)
    }
    for (let i = 0; i < length; i++) out[from + i] = Math.fround((sums[i] ?? 0) / inputs.length) + 0
  }
  return first(found)
}

/** The same over BF16 or F16, given as bits. */
export function meanRebasedHalf(
  dtype: HalfDtype,
  inputs: readonly Rebasable<Uint16Array>[],
  base: Uint16Array,
  out: Uint16Array,
): Overflow | null {
  const block = Math.min(BLOCK, out.length)
  const sums = new Float64Array(block)
  const wide = { values: new Float32Array(block), parent: new Float32Array(block), base: new Float32Array(block) }
  const found: Overflow[] = []
  for (let from = 0; from < out.length; from += BLOCK) {
    const length = Math.min(BLOCK, out.length - from)
    sums.fill(0, 0, length)
    widenHalves(dtype, base, from, length, wide.base)
    for (const [input, { values, parent }] of inputs.entries()) {
      widenHalves(dtype, values, from, length, wide.values)
      if (parent === null) {
        addInputs([wide.values], 0, length, sums)
        continue
      }
      widenHalves(dtype, parent, from, length, wide.parent)
      note(found, input, addRebased(dtype, wide, 0, length, sums), from)
    }
    for (let i = 0; i < length; i++) sums[i] = (sums[i] ?? 0) / inputs.length
    roundToHalves(dtype, sums, length, out, from)
    for (let k = from; k < from + length; k++) if (out[k] === MINUS_ZERO) out[k] = 0
  }
  return first(found)
}

/** Index of the first element of `values` that can't be rebased, or -1. All of one length. */
export function firstNotRebased(
  dtype: FloatDtype,
  part: { readonly values: Float32Array; readonly parent: Float32Array; readonly base: Float32Array },
): number {
  return addRebased(dtype, part, 0, part.values.length, new Float64Array(part.values.length))
}

/** Adds `length` rebased elements from `from` on to the beginning of `sums`. Index of the first too large one, from 0, or -1. */
function addRebased(
  dtype: FloatDtype,
  part: { readonly values: Float32Array; readonly parent: Float32Array; readonly base: Float32Array },
  from: number,
  length: number,
  sums: Float64Array,
): number {
  const { values, parent, base } = part
  const limit = ROUNDS_TO_INFINITY[dtype]
  let overflow = -1
  for (let i = 0, k = from; i < length; i++, k++) {
    const rebased = (base[k] ?? 0) + ((values[k] ?? 0) - (parent[k] ?? 0))
    // written so that NaN counts too
    if (!(rebased < limit && rebased > -limit) && overflow < 0) overflow = i
    sums[i] = (sums[i] ?? 0) + rebased
  }
  return overflow
}

function note(found: Overflow[], input: number, element: number, from: number): void {
  if (element >= 0 && !found.some((other) => other.input === input)) found.push({ input, element: from + element })
}

function first(found: readonly Overflow[]): Overflow | null {
  return [...found].sort((a, b) => a.input - b.input)[0] ?? null
}
