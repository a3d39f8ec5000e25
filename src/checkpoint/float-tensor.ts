import { asFloats, asHalves, type FloatDtype, type HalfDtype, infinityBits } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { firstNonFiniteFloat } from '../floats/scan.ts'
import { widenHalves } from '../floats/widen.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { show } from './header.ts'

/** Elements rounded at a time. */
const BLOCK = 1024
const MINUS_ZERO = 0x8000

interface FloatTensor {
  readonly name: string
  readonly dtype: FloatDtype
  readonly first?: number
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
 * Writes values as elements of the tensor's dtype, each rounded once, to nearest, ties to even. What is too small for 16 bits
 * becomes +0, so that a zero that training moved by less than the dtype can tell stays as it was; a -0 stays -0.
 * @param tensor.first index of the first value inside its tensor, for messages
 * @param out as many elements, at an address that is a multiple of one
 * @throws ColdmeshError `bad-checkpoint` for NaN, infinity, and a value that the dtype can't hold (facts: tensor, element)
 */
export function encodeFloats(tensor: FloatTensor, values: Float32Array | Float64Array, out: Uint8Array): void {
  const bad =
    values instanceof Float32Array ? firstNonFiniteFloat(values) : values.findIndex((x) => !Number.isFinite(x))
  if (bad >= 0) throw notRepresentable(tensor, values[bad] ?? Number.NaN, bad)
  if (tensor.dtype === 'F32') encodeSingles(tensor, values, out)
  else encodeHalves({ ...tensor, dtype: tensor.dtype }, values, asHalves(out))
}

function encodeSingles(tensor: FloatTensor, values: Float32Array | Float64Array, out: Uint8Array): void {
  const singles = values instanceof Float32Array ? values : Float32Array.from(values)
  const bad = singles === values ? -1 : firstNonFiniteFloat(singles)
  if (bad >= 0) throw notRepresentable(tensor, values[bad] ?? Number.NaN, bad)
  out.set(new Uint8Array(singles.buffer, singles.byteOffset, singles.byteLength))
}

function encodeHalves(
  tensor: FloatTensor & { readonly dtype: HalfDtype },
  values: Float32Array | Float64Array,
  out: Uint16Array,
): void {
  const infinity = infinityBits(tensor.dtype)
  const block = new Float64Array(Math.min(BLOCK, values.length))
  for (let from = 0; from < values.length; from += BLOCK) {
    const length = Math.min(BLOCK, values.length - from)
    for (let i = 0; i < length; i++) block[i] = values[from + i] ?? 0
    roundToHalves(tensor.dtype, block, length, out, from)
    for (let k = from; k < from + length; k++) {
      const value = values[k] ?? Number.NaN
      if (((out[k] ?? 0) & infinity) === infinity) throw notRepresentable(tensor, value, k)
      if (out[k] === MINUS_ZERO && value !== 0) out[k] = 0
    }
  }
}

function notRepresentable({ name, dtype, first = 0 }: FloatTensor, value: number, index: number): ColdmeshError {
  const facts = { tensor: name, element: first + index }
  const what = `Tensor ${show(name)} has ${value} at element ${facts.element}`
  return Number.isFinite(value)
    ? new ColdmeshError('bad-checkpoint', `${what}: more than ${dtype} can hold.`, { facts, hint: TOO_LARGE })
    : new ColdmeshError('bad-checkpoint', `${what}.`, { facts, hint: NOT_FINITE })
}

const TOO_LARGE = 'use BF16 or F32, or train at a lower rate'
const NOT_FINITE = 'train at a lower rate, or start from intact weights'
