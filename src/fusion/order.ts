import { sortingNetwork } from './sorting-network.ts'
import { BLOCK, type Block } from './span.ts'
import { divide } from './sums.ts'

/** Sorts the inputs of each element of a block by their keys; valid until the next call. */
function createSorter(count: number): (block: Block) => readonly Float32Array[] {
  const rows = Array.from({ length: count }, () => new Int32Array(BLOCK))
  const values = rows.map(({ buffer }) => new Float32Array(buffer))
  const network = sortingNetwork(count)
  return ({ length, inputs }) => {
    for (const [input, row] of rows.entries()) {
      const bits = inputs[input] ?? new Float32Array()
      toKeys(new Int32Array(bits.buffer, bits.byteOffset, length), length, row)
    }
    for (const [low, high] of network) exchange(rows[low] ?? new Int32Array(), rows[high] ?? new Int32Array(), length)
    for (const row of rows) toKeys(row, length, row)
    return values
  }
}

/** Bits of F32 to integers in the order of their values, -0 before +0; and back. */
function toKeys(bits: Int32Array, length: number, keys: Int32Array): void {
  for (let i = 0; i < length; i++) {
    const word = bits[i] ?? 0
    keys[i] = word ^ ((word >> 31) >>> 1)
  }
}

function exchange(low: Int32Array, high: Int32Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const [a, b] = [low[i] ?? 0, high[i] ?? 0]
    low[i] = a < b ? a : b
    high[i] = a < b ? b : a
  }
}

/** trimmed-mean/1: the middle values' sum, ascending, and one division. */
export function createTrimmedMean(count: number, trim: number): (block: Block, numbers: Float64Array) => void {
  const sort = createSorter(count)
  return (block, numbers) => {
    numbers.fill(0, 0, block.length)
    for (const values of sort(block).slice(trim, count - trim)) {
      for (let i = 0; i < block.length; i++) numbers[i] = (numbers[i] ?? 0) + (values[i] ?? 0)
    }
    divide(numbers, block.length, count - 2 * trim)
  }
}

/** median/1: the middle value, or the mean of the two in the middle: what is left when all others are trimmed. */
export function createMedian(count: number): (block: Block, numbers: Float64Array) => void {
  return createTrimmedMean(count, Math.floor((count - 1) / 2))
}
