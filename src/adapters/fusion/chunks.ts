import { FLOAT_BYTES, type FloatDtype } from '../../floats/dtypes.ts'
import type { KernelMemory, Kernels } from './kernels.ts'
import { CHUNK, type Scratch } from './scratch.ts'

/** Addresses of successive elements of one tensor in every file. */
export interface Places {
  readonly dtype: FloatDtype
  readonly count: number
  readonly base: number
  readonly inputs: readonly number[]
  /** Null where an input is not rebased. */
  readonly parents: readonly (number | null)[]
}

/** How a rule takes its elements. */
export interface ChunkOptions {
  /** As F32, or as they are. */
  readonly isWidened: boolean
  /** Rebased inputs as the values that they stand for, rounded to the dtype. */
  readonly isRounded: boolean
  /** Whether the base's elements are looked at. */
  readonly takesBase: boolean
}

/** Up to 2,048 elements in every file, as kernels take them, until the next: the inputs' addresses are in the scratch's table. */
export interface Chunk {
  readonly dtype: FloatDtype
  /** What the elements are read as. */
  readonly readAs: FloatDtype
  /** Index of the first element. */
  readonly from: number
  readonly length: number
  /** The length, and zeros up to a multiple of 32. */
  readonly count: number
  readonly base: number
  readonly inputs: readonly number[]
  readonly parents: readonly (number | null)[]
}

export interface Tools {
  readonly kernels: Kernels
  readonly memory: KernelMemory
  readonly scratch: Scratch
}

/** Cuts elements into chunks. `visit` returns false when something is wrong, and so does this. */
export function visitChunks(
  { kernels, memory, scratch }: Tools,
  places: Places,
  { isWidened, isRounded, takesBase }: ChunkOptions,
  visit: (chunk: Chunk) => boolean,
): boolean {
  const { dtype } = places
  const size = FLOAT_BYTES[dtype]
  const count = places.inputs.length
  const bytes = new Uint8Array(memory.buffer)
  const table = new Uint32Array(memory.buffer, scratch.table, Math.ceil(count / 4) * 4)
  const { rebase, round, widen } = kernels.of[dtype]
  const inputs: number[] = Array(count).fill(0)
  const parents: (number | null)[] = Array(count).fill(null)
  const readAs = isWidened ? 'F32' : dtype
  let [from, length, padded] = [0, 0, 0]

  /** Where whole elements are; a tail is copied beside zeros. */
  function at(place: number, row: number): number {
    const address = place + from * size
    if (length === padded) return address
    bytes.copyWithin(row, address, address + length * size)
    bytes.fill(0, row + length * size, row + padded * size)
    return row
  }

  function wide(address: number, row: number): number {
    if (readAs === dtype) return address
    widen(address, row, padded)
    return row
  }

  for (; from < places.count; from += CHUNK) {
    length = Math.min(CHUNK, places.count - from)
    padded = Math.ceil(length / 32) * 32
    const narrowBase = at(places.base, scratch.baseRow)
    const base = takesBase ? wide(narrowBase, scratch.wideBaseRow) : narrowBase
    for (let input = 0; input < count; input++) {
      const row = scratch.rows[input] ?? 0
      let address = at(places.inputs[input] ?? 0, row)
      const parent = places.parents[input] ?? null
      if (parent !== null) {
        const parentAt = at(parent, scratch.parentRows[input] ?? 0)
        rebase(address, parentAt, narrowBase, scratch.more, padded)
        // the row is that of the rounded values only where the rule takes them
        if (round(scratch.more, 1, isRounded ? row : scratch.outRow, padded) !== 0) return false
        if (isRounded) address = row
        else parents[input] = parentAt
      }
      address = wide(address, scratch.wideRows[input] ?? 0)
      inputs[input] = address
      table[input] = address
    }
    if (!visit({ dtype, readAs, from, length, count: padded, base, inputs, parents })) return false
  }
  return true
}
