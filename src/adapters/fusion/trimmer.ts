import type { Kept } from '../../fusion/magnitudes.ts'
import type { Chunk, Tools } from './chunks.ts'

/**
 * Sets for each chunk the magnitude that an input's differences must exceed to be kept, in ties/1. Of those equal to its key
 * only the first so many are kept: where they run out within a chunk, the others are made equal to the base.
 */
export function createTrimmer({ kernels, memory, scratch }: Tools, kept: readonly Kept[]): (chunk: Chunk) => void {
  const left = kept.map(({ equal }) => equal)
  const limits = new Int32Array(memory.buffer, scratch.limits, kept.length)
  const table = new Uint32Array(memory.buffer, scratch.table, kept.length)

  function trim(chunk: Chunk, input: number, key: number): number {
    const here = left[input] ?? 0
    if (here === 0) return key
    const address = chunk.inputs[input] ?? 0
    const padded = key === 0 ? chunk.count - chunk.length : 0
    const equal = kernels.countEqual(address, chunk.base, key, chunk.count) - padded
    left[input] = Math.max(0, here - equal)
    if (equal > here) table[input] = dropEqual(chunk, { input, key, kept: here })
    return key - 1
  }

  /** A copy of the input's elements, without what isn't kept. */
  function dropEqual(chunk: Chunk, { input, key, kept }: { input: number; key: number; kept: number }): number {
    const row = scratch.rows[input] ?? 0
    const from = new Float32Array(memory.buffer, chunk.inputs[input] ?? 0, chunk.count)
    const base = new Float32Array(memory.buffer, chunk.base, chunk.count)
    const values = new Float32Array(memory.buffer, row, chunk.count)
    const magnitude = new Float32Array(1)
    const bits = new Uint32Array(magnitude.buffer)
    values.set(from)
    let rest = kept
    for (let i = 0; i < chunk.length; i++) {
      magnitude[0] = Math.abs((values[i] ?? 0) - (base[i] ?? 0))
      if (bits[0] !== key) continue
      if (rest > 0) rest -= 1
      else values[i] = base[i] ?? 0
    }
    return row
  }

  return (chunk) => {
    for (const [input, { key }] of kept.entries()) limits[input] = trim(chunk, input, key)
  }
}
