import { HALF_FORMATS, type HalfDtype } from './dtypes.ts'

const F64_BIAS = 1023
const F64_SPECIAL = 0x7ff
/** Fraction bits of a double in its upper word. */
const UPPER_BITS = 20
/** The implicit bit, the upper word's fraction, and one bit that stands for all of the lower word. */
const SIGNIFICAND_BITS = UPPER_BITS + 2

/**
 * Rounds the first `length` doubles to elements of 16 bits, written from `from` on: one rounding, to nearest, ties to even,
 * by integers. Never by way of F32, which rounds twice: 1 + 2^-8 + 2^-40 would become a tie of BF16. The sign of zero stays,
 * subnormals are kept, what is too large becomes infinity, NaN stays NaN.
 */
export function roundToHalves(
  dtype: HalfDtype,
  values: Float64Array,
  length: number,
  out: Uint16Array,
  from: number,
): void {
  ROUNDINGS[dtype](values, length, out, from)
}

type Rounding = (values: Float64Array, length: number, out: Uint16Array, from: number) => void

const ROUNDINGS: Readonly<Record<HalfDtype, Rounding>> = { BF16: createRounding('BF16'), F16: createRounding('F16') }

function createRounding(dtype: HalfDtype): Rounding {
  const { exponentBits, fractionBits } = HALF_FORMATS[dtype]
  const special = (1 << exponentBits) - 1
  const infinity = special << fractionBits
  const rebias = (1 << (exponentBits - 1)) - 1 - F64_BIAS
  /** Bits that a normal number loses. */
  const lost = SIGNIFICAND_BITS - 1 - fractionBits

  function magnitudeOf(high: number, low: number): number {
    const exponent = (high >>> UPPER_BITS) & F64_SPECIAL
    const fraction = high & 0xfffff
    const place = exponent + rebias
    if (place >= special) {
      const isNan = exponent === F64_SPECIAL && (fraction | low) !== 0
      return isNan ? infinity | (1 << (fractionBits - 1)) : infinity
    }
    // below the smallest normal number each power of two costs one bit more
    const shift = place > 0 ? lost : lost + 1 - place
    if (shift > SIGNIFICAND_BITS) return 0
    const significand = ((fraction | 0x100000) << 1) | (low === 0 ? 0 : 1)
    const kept = significand >>> shift
    const rest = significand & ((1 << shift) - 1)
    const up = rest + (kept & 1) > 1 << (shift - 1) ? 1 : 0
    // a carry out of the fraction raises the exponent, at the top to infinity
    return kept + up + (place > 0 ? (place - 1) << fractionBits : 0)
  }

  return (values, length, out, from) => {
    const words = new Uint32Array(values.buffer, values.byteOffset, length * 2)
    for (let i = 0, k = from; i < length; i++, k++) {
      const high = words[2 * i + 1] ?? 0
      out[k] = ((high >>> 16) & 0x8000) | magnitudeOf(high, words[2 * i] ?? 0)
    }
  }
}
