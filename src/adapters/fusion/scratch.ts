import { LEAF_BYTES } from '../../checkpoint/leaves.ts'

/** Elements that a rule takes at once: their doubles stay in the first-level cache. A multiple of 32. */
export const CHUNK = 2048
/** Bytes of a file that are read at once: few reads, and still in the cache when they are fused. */
const WINDOW_BYTES = 262_144
const SMALLEST_WINDOW_BYTES = 32_768
/** Of all files together; with more of them a window is smaller. */
const WINDOWS_BYTES = 4_718_592
const DOUBLE_BYTES = 8
/** Files at equal offsets would evict each other from the first-level cache. */
const PADDING = 192
const ROW_BYTES = CHUNK * 4 + 64
/** Comparators of a network for 64 inputs are fewer. */
const MAX_COMPARATORS = 1024
/** A row of keys of `order`. */
export const KEYS_BYTES = 128
/** 32-bit counters, one for each value of 16 bits. */
export const COUNTERS_BYTES = 65_536 * 4

/** Addresses of everything in a worker's memory. */
export interface Scratch {
  readonly bytes: number
  /** Addresses of the inputs' elements, as kernels take them. */
  readonly table: number
  /** A double of each input. */
  readonly factors: number
  /** A 32-bit integer of each input. */
  readonly limits: number
  readonly sums: number
  readonly more: number
  readonly network: number
  readonly keys: number
  /** Rows of a chunk: each input's, its parent's, the base's, the result's. */
  readonly rows: readonly number[]
  readonly wideRows: readonly number[]
  readonly parentRows: readonly number[]
  readonly baseRow: number
  readonly wideBaseRow: number
  readonly outRow: number
  /** 32-bit counters of each input, where a rule counts. */
  readonly counters: readonly number[]
  readonly base: number
  readonly inputs: readonly number[]
  /** Null where an input is not rebased. */
  readonly parents: readonly (number | null)[]
  /** Bytes of a file that there is room for. */
  readonly windowBytes: number
  /** The leaf that is made. */
  readonly leaf: number
}

/** Room for so many inputs, some of them rebased. */
export function layOut({
  parents,
  counts,
}: {
  readonly parents: readonly boolean[]
  readonly counts: boolean
}): Scratch {
  let next = 0
  const take = (bytes: number) => {
    const address = next
    next += Math.ceil(bytes / 64) * 64
    return address
  }
  const takeEach = (bytes: number) => parents.map(() => take(bytes))
  // kernels that go by fours read the table to the next multiple
  const inputs = Math.ceil(parents.length / 4) * 4
  const files = 1 + parents.length + parents.filter((isRebased) => isRebased).length
  const windowBytes = windowOf(files)
  const scratch = {
    windowBytes,
    table: take(inputs * 4),
    factors: take(inputs * DOUBLE_BYTES),
    limits: take(inputs * 4),
    sums: take(CHUNK * DOUBLE_BYTES),
    more: take(CHUNK * DOUBLE_BYTES),
    network: take(MAX_COMPARATORS * 8),
    keys: take(parents.length * KEYS_BYTES),
    rows: takeEach(ROW_BYTES),
    wideRows: takeEach(ROW_BYTES),
    baseRow: take(ROW_BYTES),
    wideBaseRow: take(ROW_BYTES),
    parentRows: parents.map((isRebased) => (isRebased ? take(ROW_BYTES) : 0)),
    outRow: take(ROW_BYTES),
    base: take(windowBytes + PADDING),
    inputs: takeEach(windowBytes + PADDING),
    parents: parents.map((isRebased) => (isRebased ? take(windowBytes + PADDING) : null)),
    leaf: take(LEAF_BYTES),
    counters: counts ? takeEach(COUNTERS_BYTES) : [],
  }
  return { ...scratch, bytes: next }
}

function windowOf(files: number): number {
  let bytes = WINDOW_BYTES
  while (bytes > SMALLEST_WINDOW_BYTES && bytes * files > WINDOWS_BYTES) bytes /= 2
  return bytes
}
