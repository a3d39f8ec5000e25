import { BILLION } from '../../protocols/genesis/fusion.ts'
import { BLOCK, type Block } from './span.ts'

/** Half of a magnitude's bits: what one pass counts. */
export const RADIX = 65_536
const HALF_BITS = 16

/** What an input of ties/1 keeps: magnitudes above `key`, and of those equal to it the first `equal`. */
export interface Kept {
  /** Bits of a magnitude, an F32. */
  readonly key: number
  readonly equal: number
}

/** Elements that each input keeps of so many: at least one, rounded down, by integers. */
export function keptElements(elements: number, density: number): number {
  const kept = Number((BigInt(elements) * BigInt(density)) / BigInt(BILLION))
  return Math.max(1, kept)
}

/** Writes the bits of `|value - base|`, rounded to F32, of a block's elements: integers in the order of the magnitudes. */
export function createMagnitudes(): (values: Float32Array, base: Float32Array, length: number) => Uint32Array {
  const floats = new Float32Array(BLOCK)
  const bits = new Uint32Array(floats.buffer)
  return (values, base, length) => {
    for (let i = 0; i < length; i++) floats[i] = Math.abs((values[i] ?? 0) - (base[i] ?? 0))
    return bits
  }
}

/** Finds the `kept` greatest magnitudes of each input in two passes over all elements: upper halves, then lower ones. */
export interface Selection {
  add(block: Block): void
  /** Ends a pass; after the second, what each input keeps. */
  next(): readonly Kept[] | null
}

export function createSelection(count: number, kept: number): Selection {
  const magnitudesOf = createMagnitudes()
  const counts = Array.from({ length: count }, () => new Float64Array(RADIX))
  let uppers: readonly Place[] | null = null

  return {
    add({ length, base, inputs }) {
      for (const [input, values] of inputs.entries()) {
        const found = counts[input] ?? new Float64Array()
        const bits = magnitudesOf(values, base, length)
        if (uppers === null) countUppers(bits, length, found)
        else countLowers(bits, length, uppers[input]?.bin ?? 0, found)
      }
    },
    next() {
      const places = counts.map((found, input) => placeOf(found, uppers?.[input]?.left ?? kept))
      for (const found of counts) found.fill(0)
      if (uppers !== null) {
        const highs = uppers
        return places.map(({ bin, left }, input) => ({ key: (highs[input]?.bin ?? 0) * RADIX + bin, equal: left }))
      }
      uppers = places
      return null
    },
  }
}

function countUppers(bits: Uint32Array, length: number, counts: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const bin = (bits[i] ?? 0) >>> HALF_BITS
    counts[bin] = (counts[bin] ?? 0) + 1
  }
}

function countLowers(bits: Uint32Array, length: number, upper: number, counts: Float64Array): void {
  for (let i = 0; i < length; i++) {
    const word = bits[i] ?? 0
    if (word >>> HALF_BITS !== upper) continue
    const bin = word & (RADIX - 1)
    counts[bin] = (counts[bin] ?? 0) + 1
  }
}

export interface Place {
  readonly bin: number
  /** How many of the bin are wanted: at least one. */
  readonly left: number
}

/** Where the `wanted`-th greatest is. */
export function placeOf(counts: Float64Array, wanted: number): Place {
  let left = wanted
  for (let bin = counts.length - 1; bin > 0; bin--) {
    const here = counts[bin] ?? 0
    if (here >= left) return { bin, left }
    left -= here
  }
  return { bin: 0, left }
}
