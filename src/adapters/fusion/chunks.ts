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
}

/** Up to 512 elements in every file, as kernels take them: the inputs' addresses are in the scratch's table. */
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
  { isWidened, isRounded }: ChunkOptions,
  visit: (chunk: Chunk) => boolean,
): boolean {
  const { dtype } = places
  const size = FLOAT_BYTES[dtype]
  const bytes = new Uint8Array(memory.buffer)
  const table = new Uint32Array(memory.buffer, scratch.table, Math.ceil(places.inputs.length / 4) * 4)
  const { rebase, round, widen } = kernels.of[dtype]

  for (let from = 0; from < places.count; from += CHUNK) {
    const length = Math.min(CHUNK, places.count - from)
    const count = Math.ceil(length / 32) * 32
    /** Where whole elements are; a tail is copied beside zeros. */
    const at = (place: number, row: number): number => {
      const address = place + from * size
      if (length === count) return address
      bytes.copyWithin(row, address, address + length * size)
      bytes.fill(0, row + length * size, row + count * size)
      return row
    }
    const wide = (address: number, row: number): number => {
      if (!isWidened || dtype === 'F32') return address
      widen(address, row, count)
      return row
    }
    const narrowBase = at(places.base, scratch.baseRow)
    const base = wide(narrowBase, scratch.wideBaseRow)
    const parents: (number | null)[] = []
    for (let input = 0; input < places.inputs.length; input++) {
      const row = scratch.rows[input] ?? 0
      let address = at(places.inputs[input] ?? 0, row)
      const parent = places.parents[input] ?? null
      const parentAt = parent === null ? null : at(parent, scratch.parentRows[input] ?? 0)
      if (parentAt !== null) {
        rebase(address, parentAt, narrowBase, scratch.more, count)
        // the row is that of the rounded values only where the rule takes them
        if (round(scratch.more, 1, isRounded ? row : scratch.outRow, count) !== 0) return false
        if (isRounded) address = row
      }
      parents.push(isRounded ? null : parentAt)
      table[input] = wide(address, scratch.wideRows[input] ?? 0)
    }
    const readAs = isWidened ? 'F32' : dtype
    const inputs = Array.from(table.subarray(0, places.inputs.length))
    if (!visit({ dtype, readAs, from, length, count, base, inputs, parents })) return false
  }
  return true
}
