import { FLOAT_BYTES } from '../../floats/dtypes.ts'
import { type FusionLayout, fusedDtype, type Part, partsAt } from '../../fusion/layout.ts'
import type { Places, Tools } from './chunks.ts'
import type { FileNumbers } from './job.ts'
import { readWhole } from './read-whole.ts'

/** Bytes of the files that follow each other. */
export interface Range {
  readonly offset: number
  readonly bytes: number
}

export interface ScanOptions {
  readonly layout: FusionLayout
  readonly files: FileNumbers
  /** Whether float elements are read of the base too; what all files must share always is. */
  readonly needsBase: boolean
  /** Whether integer tensors must be the base's. */
  readonly comparesIntegers: boolean
}

export interface ScanVisitor {
  /** Float elements that are in memory, `at` bytes after the range's start. */
  floats(places: Places, at: number): boolean
  /** What is the same in all files, at this address in memory. */
  shared?(address: number, bytes: number, at: number): void
}

/** Reads a range of all files, window by window. False when something is wrong: a file ends, differs, or a visit says so. */
export function scan(tools: Tools, options: ScanOptions, range: Range, visitor: ScanVisitor): boolean {
  const { windowBytes } = tools.scratch
  for (let at = 0; at < range.bytes; at += windowBytes) {
    const window = { offset: range.offset + at, bytes: Math.min(windowBytes, range.bytes - at) }
    if (!scanWindow(tools, options, window, at, visitor)) return false
  }
  return true
}

function scanWindow(tools: Tools, options: ScanOptions, range: Range, at: number, visitor: ScanVisitor): boolean {
  const { memory, scratch } = tools
  const { layout, files, comparesIntegers } = options
  const { offset, bytes } = range
  const parts = partsAt(layout, offset, bytes)
  const headerBytes = Math.max(0, Math.min(layout.dataStart - offset, bytes))
  const integers = parts.filter(({ tensor }) => fusedDtype(tensor) === null)
  const needsBase = options.needsBase || headerBytes > 0 || (comparesIntegers && integers.length > 0)
  const read = (file: number, address: number) => readWhole(file, new Uint8Array(memory.buffer, address, bytes), offset)
  if (needsBase && !read(files.base, scratch.base)) return false
  if (!files.inputs.every((file, input) => read(file, scratch.inputs[input] ?? 0))) return false
  const areParentsRead = files.parents.every((file, input) => {
    const address = scratch.parents[input] ?? null
    return file === null || address === null || read(file, address)
  })
  if (!areParentsRead) return false

  const all = Buffer.from(memory.buffer)
  const header = layout.header.subarray(offset, offset + headerBytes)
  if (headerBytes > 0 && all.compare(header, 0, headerBytes, scratch.base, scratch.base + headerBytes) !== 0)
    return false
  const isShared = (from: number, to: number) =>
    scratch.inputs.every(
      (input) => all.compare(all, scratch.base + from, scratch.base + to, input + from, input + to) === 0,
    )
  if (!isShared(0, headerBytes)) return false
  visitor.shared?.(scratch.base, headerBytes, at)
  return parts.every((part) => {
    const dtype = fusedDtype(part.tensor)
    if (dtype !== null) return visitor.floats(placesOf(tools, part, dtype), at + part.from)
    if (!comparesIntegers) return true
    if (!isShared(part.from, part.to)) return false
    visitor.shared?.(scratch.base + part.from, part.to - part.from, at + part.from)
    return true
  })
}

function placesOf({ scratch }: Tools, { from, to }: Part, dtype: Places['dtype']): Places {
  return {
    ...{ dtype, count: (to - from) / FLOAT_BYTES[dtype], base: scratch.base + from },
    inputs: scratch.inputs.map((address) => address + from),
    parents: scratch.parents.map((address) => (address === null ? null : address + from)),
  }
}
