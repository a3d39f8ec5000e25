import { ColdmeshError } from '../ports/errors.ts'
import { type FusionLayout, type Part, partsAt } from './layout.ts'
import { createWindowReader } from './window-reader.ts'

/** One leaf of a checkpoint. Memory stays at (inputs + rebased inputs + 2) windows, whatever the model's size. */
export const WINDOW_BYTES = 1_048_576

/** Opens a file from its beginning: a stream of chunks of any size. */
export type OpenFile = () => AsyncIterable<Uint8Array>

export interface Files {
  /** The base's. */
  readonly layout: FusionLayout
  /** Each file is opened once a pass: `clipped-mean/1` takes two, `ties/1` up to three. */
  readonly base: OpenFile
  /** In the order of their contribution ids' bytes. */
  readonly inputs: readonly OpenFile[]
  /** For each input the file of its parent's weights where it is rebased, else null. Default: none is. */
  readonly parents?: readonly (OpenFile | null)[]
}

/** The same bytes of every file, with the tensors' parts in them. */
export interface Window {
  readonly offset: number
  readonly bytes: number
  readonly parts: readonly Part[]
  readonly base: Uint8Array
  readonly inputs: readonly Uint8Array[]
  readonly parents: readonly (Uint8Array | null)[]
}

/**
 * Reads all files beside each other, once. A window's bytes are valid until the next is asked for.
 * @throws ColdmeshError `bad-checkpoint` for another length or header
 */
export async function* readWindows({ layout, ...files }: Files): AsyncGenerator<Window> {
  const open = (file: OpenFile) => createWindowReader(file(), WINDOW_BYTES)
  const base = open(files.base)
  const readers = files.inputs.map(open)
  const parentReaders = files.inputs.map((_, input) => {
    const parent = files.parents?.[input] ?? null
    return parent === null ? null : open(parent)
  })
  const all = [base, ...readers, ...parentReaders.flatMap((reader) => reader ?? [])]
  try {
    for (let offset = 0; offset < layout.totalBytes; offset += WINDOW_BYTES) {
      const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
      const [baseWindow, ...inputs] = await Promise.all([base, ...readers].map((reader) => reader.take(bytes)))
      if (baseWindow === undefined) throw new Error('the base is read first')
      const parents = await Promise.all(parentReaders.map((reader) => reader?.take(bytes) ?? null))
      yield toWindow(layout, { offset, base: baseWindow, inputs, parents })
    }
    if (!(await base.isAtEnd())) throw tooLong()
    for (const [input, reader] of readers.entries()) if (!(await reader.isAtEnd())) throw tooLong(input)
  } finally {
    await Promise.all(all.map((reader) => reader.close()))
  }
}

/** What was read of every file at one offset: a window's bytes of each, or fewer where a file ends too early. */
export type ReadBytes = Pick<Window, 'offset' | 'base' | 'inputs' | 'parents'>

/**
 * Checks and cuts what was read.
 * @throws ColdmeshError `bad-checkpoint` for another length or header
 */
export function toWindow(layout: FusionLayout, read: ReadBytes): Window {
  const { offset, base, inputs, parents } = read
  const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
  for (const [input, parent] of parents.entries()) {
    if (parent !== null && parent.length < bytes) throw badParent(input, 'ends too early')
  }
  requireLength(base, bytes, 'The base')
  for (const [input, window] of inputs.entries()) requireLength(window, bytes, `Input ${input}`, input)
  requireHeader(layout, offset, bytes, base, inputs)
  return { ...read, bytes, parts: partsAt(layout, offset, bytes) }
}

/** An input's file, or the base's where none is named, has more bytes than the layout. */
export function tooLong(input?: number): ColdmeshError {
  const who = input === undefined ? 'The base' : `Input ${input}`
  const facts = input === undefined ? {} : { input }
  return new ColdmeshError('bad-checkpoint', `${who} has more bytes than its layout.`, { facts })
}

/** About the weights that an input was trained from. */
export function badParent(input: number, what: string): ColdmeshError {
  const message = `The weights that input ${input} was trained from: the file ${what}.`
  return new ColdmeshError('bad-checkpoint', message, { facts: { input, isParent: true } })
}

function requireHeader(
  { header, dataStart }: FusionLayout,
  offset: number,
  bytes: number,
  base: Uint8Array,
  inputs: readonly Uint8Array[],
): void {
  const expected = header.subarray(offset, Math.min(dataStart, offset + bytes))
  if (expected.length === 0) return
  if (firstDifference(base, expected, 0, expected.length) >= 0) throw otherHeader('The base')
  for (const [input, window] of inputs.entries()) {
    if (firstDifference(window, expected, 0, expected.length) >= 0) throw otherHeader(`Input ${input}`, input)
  }
}

function otherHeader(who: string, input?: number): ColdmeshError {
  const facts = input === undefined ? {} : { input }
  return new ColdmeshError('bad-checkpoint', `${who} has other header bytes than the base's layout.`, { facts })
}

function requireLength(window: Uint8Array, bytes: number, who: string, input?: number): void {
  if (window.length === bytes) return
  throw new ColdmeshError('bad-checkpoint', `${who} ends too early.`, { facts: input === undefined ? {} : { input } })
}

/** Index of the first byte in [from, to) in which the two differ, or -1. */
export function firstDifference(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  for (let index = from; index < to; index++) {
    if (a[index] !== b[index]) return index
  }
  return -1
}
