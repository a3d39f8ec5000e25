import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HalfDtype } from '../../../../src/floats/dtypes.ts'

/** `test/vectors/fusion/{bf16,f16}.v1.json`. */
export interface HalfVectors {
  readonly dtype: HalfDtype
  /** Of the F32 bits, little-endian, of all 65,536 patterns; and the same as [first pattern, count, bits of the first, step]. */
  readonly widen: { readonly sha256: string; readonly runs: readonly (readonly [number, number, number, number])[] }
  /** Of the patterns, little-endian, of the doubles around every tie. */
  readonly ties: { readonly sha256: string }
  readonly round: readonly { readonly title?: string; readonly f64: string; readonly bits: string }[]
}

export const HALF_DTYPES: readonly HalfDtype[] = ['BF16', 'F16']

export async function readHalfVectors(dtype: HalfDtype): Promise<HalfVectors> {
  const path = join(import.meta.dirname, `../../../vectors/fusion/${dtype.toLowerCase()}.v1.json`)
  return JSON.parse(await readFile(path, 'utf8'))
}

/** A double of its bits, big-endian hex. */
export function doubleOf(text: string): number {
  return Buffer.from(text, 'hex').readDoubleBE()
}

/** The neighbour of a positive double, one step up or down. */
export function neighbour(value: number, step: 1 | -1): number {
  const words = new BigUint64Array(new Float64Array([value]).buffer)
  words[0] = (words[0] ?? 0n) + BigInt(step)
  return new Float64Array(words.buffer)[0] ?? Number.NaN
}
