import { type FusionLayout, partsAt } from '../../fusion/layout.ts'
import { type ReadBytes, toWindow, type Window } from '../../fusion/windows.ts'
import type { FileNumbers } from './job.ts'
import { readUpTo } from './read-whole.ts'

/** Of this thread, kept: garbage of this size would pile up. */
const buffers: Uint8Array[] = []

/** So many bytes of every file, valid until the next ones are read; fewer where a file ends. */
function readEach({ base, inputs, parents }: FileNumbers, offset: number, bytes: number): ReadBytes {
  let taken = 0
  const read = (file: number) => {
    const at = taken++
    const held = buffers[at]
    const buffer = held !== undefined && held.length >= bytes ? held : new Uint8Array(bytes)
    buffers[at] = buffer
    return buffer.subarray(0, readUpTo(file, buffer.subarray(0, bytes), offset))
  }
  return {
    ...{ offset, base: read(base), inputs: inputs.map(read) },
    parents: parents.map((file) => (file === null ? null : read(file))),
  }
}

/** A leaf's bytes of every file. @throws ColdmeshError `bad-checkpoint` */
export function readLeaf(layout: FusionLayout, files: FileNumbers, offset: number, bytes: number): Window {
  return toWindow(layout, readEach(files, offset, bytes))
}

/** Any bytes behind the header, which are known to be there. */
export function readRange(layout: FusionLayout, files: FileNumbers, offset: number, bytes: number): Window {
  return { ...readEach(files, offset, bytes), bytes, parts: partsAt(layout, offset, bytes) }
}
