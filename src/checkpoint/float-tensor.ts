import { asFloats, asHalves, type FloatDtype, infinityBits } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { firstNonFiniteFloat } from '../floats/scan.ts'
import { widenHalves } from '../floats/widen.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { show } from './header.ts'

/** Elements rounded at a time. */
const BLOCK = 1024

interface FloatTensor {
  readonly name: string
  readonly dtype: FloatDtype
}

/** The values of a tensor's bytes (at an address that is a multiple of its element), exactly; F32 is a view. */
export function decodeFloats(dtype: FloatDtype, bytes: Uint8Array): Float32Array {
  if (dtype === 'F32') return asFloats(bytes)
  const bits = asHalves(bytes)
  const out = new Float32Array(bits.length)
  widenHalves(dtype, bits, 0, bits.length, out)
  return out
}

/**
 * Writes F32 values as elements of the tensor's dtype, each rounded once, to nearest, ties to even.
 * @param out as many elements, at an address that is a multiple of one
 * @throws ColdmeshError `bad-checkpoint` for NaN, infinity, and a value that the dtype can't hold (facts: tensor, element)
 */
export function encodeFloats(tensor: FloatTensor, values: Float32Array, out: Uint8Array): void {
  const bad = firstNonFiniteFloat(values)
  if (bad >= 0) throw notRepresentable(tensor, values[bad] ?? Number.NaN, bad)
  if (tensor.dtype === 'F32') {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return
  }
  const halves = asHalves(out)
  const infinity = infinityBits(tensor.dtype)
  const block = new Float64Array(Math.min(BLOCK, values.length))
  for (let from = 0; from < values.length; from += BLOCK) {
    const length = Math.min(BLOCK, values.length - from)
    for (let i = 0; i < length; i++) block[i] = values[from + i] ?? 0
    roundToHalves(tensor.dtype, block, length, halves, from)
    for (let k = from; k < from + length; k++) {
      if (((halves[k] ?? 0) & infinity) === infinity) throw notRepresentable(tensor, values[k] ?? Number.NaN, k)
    }
  }
}

function notRepresentable({ name, dtype }: FloatTensor, value: number, element: number): ColdmeshError {
  const facts = { tensor: name, element }
  if (Number.isFinite(value)) {
    const message = `Tensor ${show(name)} has ${value} at element ${element}: more than ${dtype} can hold.`
    return new ColdmeshError('bad-checkpoint', message, { facts, hint: 'use BF16 or F32, or train at a lower rate' })
  }
  const message = `Tensor ${show(name)} has ${value} at element ${element}.`
  return new ColdmeshError('bad-checkpoint', message, { facts, hint: 'train at a lower rate, or from intact weights' })
}
