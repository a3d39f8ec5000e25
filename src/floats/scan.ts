import { asFloats, asHalves, type FloatDtype, infinityBits } from './dtypes.ts'

const EXPONENT = 0x7f800000
/** Added to a masked exponent, carries into the sign bit exactly when all its bits are one. */
const CARRY = 0x00800000

/** Index of the first NaN or infinity among the elements in `bytes`, by its bits; -1 if there is none. */
export function firstNonFinite(dtype: FloatDtype, bytes: Uint8Array): number {
  return dtype === 'F32'
    ? firstNonFiniteFloat(asFloats(bytes))
    : firstNonFiniteHalf(asHalves(bytes), infinityBits(dtype))
}

export function firstNonFiniteFloat(data: Float32Array): number {
  const bits = new Int32Array(data.buffer, data.byteOffset, data.length)
  const eights = bits.length - (bits.length % 8)
  let from = 0
  while (from < eights && !hasNonFinite(bits, from)) from += 8
  for (let index = from; index < bits.length; index++) {
    if (((bits[index] ?? 0) & EXPONENT) === EXPONENT) return index
  }
  return -1
}

/** Looks at eight elements at once. */
function hasNonFinite(bits: Int32Array, i: number): boolean {
  const low = carry(bits[i]) | carry(bits[i + 1]) | carry(bits[i + 2]) | carry(bits[i + 3])
  return (low | carry(bits[i + 4]) | carry(bits[i + 5]) | carry(bits[i + 6]) | carry(bits[i + 7])) < 0
}

function carry(bits: number | undefined): number {
  return (((bits ?? 0) & EXPONENT) + CARRY) | 0
}

function firstNonFiniteHalf(bits: Uint16Array, exponent: number): number {
  for (let index = 0; index < bits.length; index++) {
    if (((bits[index] ?? 0) & exponent) === exponent) return index
  }
  return -1
}
