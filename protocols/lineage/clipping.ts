/** A factor of 65,536ths that leaves an input as it is. */
export const WHOLE_FACTOR = 65_536
const SQUARED = 2n ** 32n
const FRACTION_BITS = 52n
const NORM_BYTES = 8

/** What `clipped-mean/1` computed on the way: of each input, in id order. */
export interface Clipping {
  /** 65,536ths by which an input's difference from the base is taken. */
  readonly factors: readonly number[]
  /** Squared norms of those differences, before clipping. */
  readonly norms: readonly number[]
}

/**
 * The factors that bound each input to the median norm (docs/fusion.md, clipped-mean/1), by integers on the doubles as they are.
 * @param norms squared; finite, none negative, at least one
 */
export function clipFactors(norms: readonly number[]): readonly number[] {
  const median = [...norms].sort((a, b) => a - b)[Math.floor((norms.length - 1) / 2)]
  if (median === undefined) throw new RangeError('a median needs at least one norm')
  const bound = toInteger(median) * SQUARED
  return norms.map((norm) => largestFactor(toInteger(norm), bound))
}

/** The largest q in 0..65,536 with `q * q * norm <= bound`. */
function largestFactor(norm: bigint, bound: bigint): number {
  let [low, high] = [0, WHOLE_FACTOR]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (BigInt(middle) ** 2n * norm <= bound) low = middle
    else high = middle - 1
  }
  return low
}

/** A finite double that isn't negative, in units of the smallest subnormal. */
function toInteger(value: number): bigint {
  const bits = new DataView(encodeNorm(value).buffer).getBigUint64(0)
  const exponent = bits >> FRACTION_BITS
  const fraction = bits & ((1n << FRACTION_BITS) - 1n)
  return exponent === 0n ? fraction : (fraction | (1n << FRACTION_BITS)) << (exponent - 1n)
}

/** A norm as a lineage has it: the double's 8 bytes, big-endian. */
export function encodeNorm(norm: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(NORM_BYTES)
  new DataView(bytes.buffer).setFloat64(0, norm)
  return bytes
}

/** Null for what is no norm: negative, -0, infinite or NaN. */
export function decodeNorm(bytes: Uint8Array): number | null {
  const norm = new DataView(bytes.buffer, bytes.byteOffset, NORM_BYTES).getFloat64(0)
  return Number.isFinite(norm) && norm >= 0 && !Object.is(norm, -0) ? norm : null
}
