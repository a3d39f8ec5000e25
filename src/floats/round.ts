import { HALF_FORMATS, type HalfDtype } from './dtypes.ts'

const F64_BIAS = 1023
/** Upper word of infinity. */
const F64_INFINITY = 0x7ff00000
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
  /** Bits of the upper word that a normal number loses. */
  const lost = UPPER_BITS - fractionBits
  const lostMask = (1 << lost) - 1
  const half = 1 << (lost - 1)
  /** Upper words of magnitudes from the smallest normal number up to those that are too large whatever their fraction. */
  const firstNormal = (1 - rebias) << UPPER_BITS
  const firstSpecial = (special - rebias) << UPPER_BITS

  return (values, length, out, from) => {
    const words = new Uint32Array(values.buffer, values.byteOffset, length * 2)
    for (let i = 0, k = from; i < length; i++, k++) {
      const low = words[2 * i] ?? 0
      const high = words[2 * i + 1] ?? 0
      const upper = high & 0x7fffffff
      const sign = (high >>> 16) & 0x8000
      if (upper >= firstNormal && upper < firstSpecial) {
        const kept = (upper >>> lost) + (rebias << fractionBits)
        const rest = upper & lostMask
        // a carry out of the fraction raises the exponent, at the top to infinity
        const isUp = rest > half || (rest === half && (low !== 0 || (kept & 1) === 1))
        out[k] = sign | (isUp ? kept + 1 : kept)
      } else {
        out[k] = sign | (upper < firstNormal ? subnormalOf(upper, low) : infinity | nanBit(upper, low))
      }
    }
  }

  /** A magnitude below the smallest normal number: each power of two costs one bit more. */
  function subnormalOf(upper: number, low: number): number {
    const significand = (((upper & 0xfffff) | 0x100000) << 1) | (low === 0 ? 0 : 1)
    const shift = lost + 2 - ((upper >>> UPPER_BITS) + rebias)
    if (shift > SIGNIFICAND_BITS) return 0
    const kept = significand >>> shift
    const rest = significand & ((1 << shift) - 1)
    return rest + (kept & 1) > 1 << (shift - 1) ? kept + 1 : kept
  }

  function nanBit(upper: number, low: number): number {
    const isNan = upper > F64_INFINITY || (upper === F64_INFINITY && low !== 0)
    return isNan ? 1 << (fractionBits - 1) : 0
  }
}
