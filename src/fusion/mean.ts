import type { HalfDtype } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { widenHalves } from '../floats/widen.ts'
import { addInputs } from './sums.ts'

/** Elements whose f64 sums stay in the first-level cache. */
const BLOCK = 1024
/** Inputs that are widened before they are added. */
const WIDENED = 4
const MINUS_ZERO = 0x8000

/**
 * mean/1 over F32: per element the f64 sum from +0 in the order of `inputs`, one f64 division, one rounding to F32;
 * -0 becomes +0. All inputs and `out` have one length. Infinities and NaN are not looked for: they give infinity or NaN.
 */
export function meanF32(inputs: readonly Float32Array[], out: Float32Array): void {
  requireLengths(inputs, out)
  const sums = new Float64Array(Math.min(BLOCK, out.length))
  for (let from = 0; from < out.length; from += BLOCK) {
    const length = Math.min(BLOCK, out.length - from)
    sums.fill(0, 0, length)
    addInputs(inputs, from, length, sums)
    roundF32(sums, inputs.length, out, from, length)
  }
}

/** mean/1 over BF16 or F16, given as bits: as over F32, of the exact values, with one rounding from f64 to the dtype. */
export function meanHalf(dtype: HalfDtype, inputs: readonly Uint16Array[], out: Uint16Array): void {
  requireLengths(inputs, out)
  const block = Math.min(BLOCK, out.length)
  const sums = new Float64Array(block)
  const widened = Array.from({ length: Math.min(WIDENED, inputs.length) }, () => new Float32Array(block))
  for (let from = 0; from < out.length; from += BLOCK) {
    const length = Math.min(BLOCK, out.length - from)
    sums.fill(0, 0, length)
    for (let next = 0; next < inputs.length; next += WIDENED) {
      const group = inputs.slice(next, next + WIDENED)
      for (const [i, values] of widened.slice(0, group.length).entries()) {
        widenHalves(dtype, group[i] ?? new Uint16Array(), from, length, values)
      }
      addInputs(widened.slice(0, group.length), 0, length, sums)
    }
    for (let i = 0; i < length; i++) sums[i] = (sums[i] ?? 0) / inputs.length
    roundToHalves(dtype, sums, length, out, from)
    for (let k = from; k < from + length; k++) if (out[k] === MINUS_ZERO) out[k] = 0
  }
}

function requireLengths(inputs: readonly { readonly length: number }[], out: { readonly length: number }): void {
  if (inputs.length === 0) throw new RangeError('a mean needs at least one input')
  for (const input of inputs) {
    if (input.length !== out.length) throw new RangeError('inputs and output of a mean have one length')
  }
}

function roundF32(sums: Float64Array, count: number, out: Float32Array, from: number, length: number): void {
  // a negative mean below half the smallest subnormal rounds to -0; adding +0 to the rounded value makes it +0
  for (let i = 0; i < length; i++) out[from + i] = Math.fround((sums[i] ?? 0) / count) + 0
}
