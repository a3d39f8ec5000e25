import { HALF_FORMATS, type HalfDtype } from './dtypes.ts'

const F32_BIAS = 127
const F32_FRACTION_BITS = 23

/**
 * Widens `length` elements from `from` on into the beginning of `out`, exactly: every value of BF16 and F16 is one of F32.
 * Signs of zeros stay, subnormals too; a NaN stays a NaN.
 */
export function widenHalves(
  dtype: HalfDtype,
  bits: Uint16Array,
  from: number,
  length: number,
  out: Float32Array,
): void {
  const words = new Uint32Array(out.buffer, out.byteOffset, length)
  if (dtype === 'BF16') {
    // the upper half of an F32
    for (let i = 0, k = from; i < length; i++, k++) words[i] = (bits[k] ?? 0) << 16
    return
  }
  const table = f16Table()
  for (let i = 0, k = from; i < length; i++, k++) words[i] = table[bits[k] ?? 0] ?? 0
}

let f16Words: Uint32Array | undefined

/** The F32 bits of all 65,536 patterns of F16. */
function f16Table(): Uint32Array {
  f16Words ??= Uint32Array.from({ length: 65_536 }, (_, pattern) => f16ToF32(pattern))
  return f16Words
}

function f16ToF32(pattern: number): number {
  const { exponentBits, fractionBits } = HALF_FORMATS.F16
  const widened = F32_FRACTION_BITS - fractionBits
  const bias = (1 << (exponentBits - 1)) - 1
  const sign = (pattern & 0x8000) << 16
  const exponent = (pattern & 0x7fff) >>> fractionBits
  const fraction = pattern & ((1 << fractionBits) - 1)
  if (exponent === (1 << exponentBits) - 1) return (sign | 0x7f800000 | (fraction << widened)) >>> 0
  if (exponent > 0) {
    return (sign | ((exponent - bias + F32_BIAS) << F32_FRACTION_BITS) | (fraction << widened)) >>> 0
  }
  if (fraction === 0) return sign >>> 0
  // a subnormal, fraction * 2^-24, is a normal number of F32: its highest bit becomes the implicit one
  const highest = 31 - Math.clz32(fraction)
  const rest = (fraction << (F32_FRACTION_BITS - highest)) & 0x7fffff
  return (sign | ((highest + 1 - bias - fractionBits + F32_BIAS) << F32_FRACTION_BITS) | rest) >>> 0
}
