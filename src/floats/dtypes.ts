/** Float types that are trained and fused; `BF16` and `F16` are the two of 16 bits. */
export type FloatDtype = 'F32' | HalfDtype
export type HalfDtype = 'BF16' | 'F16'

/** How a type of 16 bits lays out its bits, below the sign. */
export interface HalfFormat {
  readonly exponentBits: number
  readonly fractionBits: number
}

export const HALF_FORMATS: Readonly<Record<HalfDtype, HalfFormat>> = {
  BF16: { exponentBits: 8, fractionBits: 7 },
  F16: { exponentBits: 5, fractionBits: 10 },
}

/** Bytes of one element. */
export const FLOAT_BYTES: Readonly<Record<FloatDtype, number>> = { F32: 4, BF16: 2, F16: 2 }

export function isFloatDtype(dtype: string): dtype is FloatDtype {
  return Object.hasOwn(FLOAT_BYTES, dtype)
}

/** The bits of infinity, which are the mask of the exponent too. */
export function infinityBits(dtype: HalfDtype): number {
  const { exponentBits, fractionBits } = HALF_FORMATS[dtype]
  return ((1 << exponentBits) - 1) << fractionBits
}

/** F32 elements of bytes at an address that is a multiple of four; a view. */
export function asFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
}

/** Elements of 16 bits of bytes at an even address; a view. */
export function asHalves(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2)
}
