import { RADIX } from '../../fusion/magnitudes.ts'

// Counts of all threads together: of each input a table of the lower 32 bits of 65,536 counts, and behind these tables
// one of their upper 32 bits, whose memory nobody touches before there are so many.

const TABLE_BYTES = RADIX * Uint32Array.BYTES_PER_ELEMENT

export function createCounts(inputs: number): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * inputs * TABLE_BYTES)
}

function tablesOf(counts: SharedArrayBuffer, input: number): { readonly low: Uint32Array; readonly high: Uint32Array } {
  return {
    low: new Uint32Array(counts, input * TABLE_BYTES, RADIX),
    high: new Uint32Array(counts, counts.byteLength / 2 + input * TABLE_BYTES, RADIX),
  }
}

/** Adds a thread's counts to those of all, and sets them to 0. */
export function addCounts(counts: SharedArrayBuffer, input: number, found: Uint32Array): void {
  const { low, high } = tablesOf(counts, input)
  for (let bin = 0; bin < RADIX; bin++) {
    const more = found[bin] ?? 0
    if (more === 0) continue
    if (Atomics.add(low, bin, more) + more > 0xffffffff) Atomics.add(high, bin, 1)
    found[bin] = 0
  }
}

/** Writes an input's counts. */
export function readCounts(counts: SharedArrayBuffer, input: number, into: Float64Array): Float64Array {
  const { low, high } = tablesOf(counts, input)
  for (let bin = 0; bin < RADIX; bin++) into[bin] = (low[bin] ?? 0) + (high[bin] ?? 0) * 2 ** 32
  return into
}

export function clearCounts(counts: SharedArrayBuffer): void {
  const words = new Uint32Array(counts)
  // what is 0 stays untouched: writing it would take the memory
  for (let at = 0; at < words.length; at++) if (words[at] !== 0) words[at] = 0
}
