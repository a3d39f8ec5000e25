import { asFloats, asHalves, FLOAT_BYTES, type FloatDtype } from '../floats/dtypes.ts'
import { firstNonFinite } from '../floats/scan.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { checkDtypes, type FusionLayout, fusedDtype, type Part, partsOf } from './layout.ts'
import type { Overflow, Rebasable } from './rebase.ts'
import { findRule, type Kernels } from './rules.ts'
import { assertSubnormals } from './self-test.ts'
import { createWindowReader, type WindowReader } from './window-reader.ts'

/** One leaf of a checkpoint. Memory stays at (inputs + rebased inputs + 2) windows, whatever the model's size. */
export const WINDOW_BYTES = 1_048_576

export interface FuseOptions {
  /** For example `mean/1`. */
  readonly rule: string
  /** The rule's parameters; `mean/1` has none. */
  readonly params: Readonly<Record<string, number>>
  /** The base's. */
  readonly layout: FusionLayout
  /** The base's file. */
  readonly base: AsyncIterable<Uint8Array>
  /** The inputs' files in the order of their contribution ids' bytes, in chunks of any size. */
  readonly inputs: readonly AsyncIterable<Uint8Array>[]
  /** For each input the file of its parent's weights where it is rebased, else null. Default: none is. */
  readonly parents?: readonly (AsyncIterable<Uint8Array> | null)[]
}

/**
 * Fuses checkpoints of one layout into the next: the same inputs give the same bytes on every machine.
 * Every chunk yielded is the caller's to keep. An input that is not valid ends the stream with an error: use nothing of
 * what came before.
 * @throws ColdmeshError `unsupported` (rule, parameter, dtype; at once), `bad-checkpoint` (facts: `input`, its index, and
 * where it applies `tensor`, `element`, `isParent` when it is about the weights that the input was trained from), `not-valid` (the result is not finite), `refused` (a machine that can't compute it)
 */
export function fuseCheckpoints(options: FuseOptions): AsyncIterable<Uint8Array> {
  const kernels = findRule(options.rule, options.params)
  checkDtypes(options.layout)
  if (options.inputs.length === 0) throw new RangeError('a fusion needs at least one input')
  assertSubnormals()
  return streamWindows(options, kernels)
}

async function* streamWindows(options: FuseOptions, kernels: Kernels): AsyncGenerator<Uint8Array> {
  const { layout } = options
  const base = createWindowReader(options.base, WINDOW_BYTES)
  const readers = options.inputs.map((input) => createWindowReader(input, WINDOW_BYTES))
  const parentReaders = options.inputs.map((_, input) => {
    const parent = options.parents?.[input] ?? null
    return parent === null ? null : createWindowReader(parent, WINDOW_BYTES)
  })
  const all = [base, ...readers, ...parentReaders.flatMap((reader) => reader ?? [])]
  let next = 0
  try {
    for (let offset = 0; offset < layout.totalBytes; offset += WINDOW_BYTES) {
      const bytes = Math.min(WINDOW_BYTES, layout.totalBytes - offset)
      const taken = await Promise.all([base, ...readers].map((reader) => reader.take(bytes)))
      const [baseWindow, ...windows] = taken
      if (baseWindow === undefined) throw new Error('the base is read first')
      const parents = await Promise.all(parentReaders.map((reader) => reader?.take(bytes) ?? null))
      for (const [input, window] of parents.entries()) {
        if (window !== null && window.length < bytes) throw badParent(input, 'ends too early')
      }
      requireLength(baseWindow, bytes, 'The base')
      for (const [input, window] of windows.entries()) requireLength(window, bytes, `Input ${input}`, input)
      const out = new Uint8Array(bytes)
      copyHeader(layout, offset, baseWindow, windows, out)
      const found = partsOf(layout, offset, bytes, next)
      next = found.next
      for (const part of found.parts) {
        const dtype = fusedDtype(part.tensor)
        if (dtype === null) copyEqual(part, baseWindow, windows, out)
        else fusePart({ kernels, dtype, part, baseWindow, windows, parents, out })
      }
      yield out
    }
    await requireEnd(base, 'The base')
    for (const [input, reader] of readers.entries()) await requireEnd(reader, `Input ${input}`, input)
  } finally {
    await Promise.all(all.map((reader) => reader.close()))
  }
}

interface PartToFuse {
  readonly kernels: Kernels
  readonly dtype: FloatDtype
  readonly part: Part
  readonly baseWindow: Uint8Array
  readonly windows: readonly Uint8Array[]
  /** Null where an input is not rebased. */
  readonly parents: readonly (Uint8Array | null)[]
  readonly out: Uint8Array
}

function fusePart(options: PartToFuse): void {
  const { dtype, part } = options
  const cut = (window: Uint8Array) => window.subarray(part.from, part.to)
  const inputs = options.windows.map(cut)
  const parents = options.parents.map((window) => (window === null ? null : cut(window)))
  const out = cut(options.out)
  const overflow = runKernel(options, { inputs, parents, base: cut(options.baseWindow), out })
  // f64 sums of finite values are finite, and so is their mean: a look at the result tells of all inputs
  const element = firstNonFinite(dtype, out)
  if (element < 0 && overflow === null) return
  const skipped = part.skipped / FLOAT_BYTES[dtype]
  for (const [input, data] of inputs.entries()) {
    const bad = firstNonFinite(dtype, data)
    if (bad >= 0) throw notFinite(input, part, bad + skipped)
    const parent = parents[input] ?? null
    if (parent !== null && firstNonFinite(dtype, parent) >= 0) throw badParent(input, 'has NaN or infinity')
  }
  if (overflow !== null) throw notRebased(overflow.input, part, overflow.element + skipped)
  const facts = { tensor: part.tensor.name, element: element + part.skipped / FLOAT_BYTES[dtype] }
  const message = `The fusion of tensor ${JSON.stringify(facts.tensor)} is not finite at element ${facts.element}.`
  throw new ColdmeshError('not-valid', message, { facts })
}

interface Cuts {
  readonly inputs: readonly Uint8Array[]
  readonly parents: readonly (Uint8Array | null)[]
  readonly base: Uint8Array
  readonly out: Uint8Array
}

function runKernel({ kernels, dtype }: PartToFuse, { inputs, parents, base, out }: Cuts): Overflow | null {
  if (parents.every((parent) => parent === null)) {
    if (dtype === 'F32') kernels.F32(inputs.map(asFloats), asFloats(out))
    else kernels[dtype](inputs.map(asHalves), asHalves(out))
    return null
  }
  const pairs = inputs.map((values, input) => ({ values, parent: parents[input] ?? null }))
  if (dtype === 'F32') return kernels.rebasing.F32(pairs.map(viewAs(asFloats)), asFloats(base), asFloats(out))
  return kernels.rebasing[dtype](pairs.map(viewAs(asHalves)), asHalves(base), asHalves(out))
}

function viewAs<Elements>(view: (bytes: Uint8Array) => Elements) {
  return ({ values, parent }: Rebasable<Uint8Array>): Rebasable<Elements> => {
    return { values: view(values), parent: parent === null ? null : view(parent) }
  }
}

function badParent(input: number, what: string): ColdmeshError {
  const message = `The weights that input ${input} was trained from: the file ${what}.`
  return new ColdmeshError('bad-checkpoint', message, { facts: { input, isParent: true } })
}

function notRebased(input: number, part: Part, element: number): ColdmeshError {
  const tensor = part.tensor.name
  const message = `Input ${input}, rebased, is not finite in tensor ${JSON.stringify(tensor)} at element ${element}.`
  return new ColdmeshError('bad-checkpoint', message, { facts: { input, tensor, element } })
}

function notFinite(input: number, part: Part, element: number): ColdmeshError {
  const tensor = part.tensor.name
  const message = `Input ${input} has NaN or infinity in tensor ${JSON.stringify(tensor)} at element ${element}.`
  return new ColdmeshError('bad-checkpoint', message, { facts: { input, tensor, element } })
}

function copyHeader(
  layout: FusionLayout,
  offset: number,
  base: Uint8Array,
  windows: readonly Uint8Array[],
  out: Uint8Array,
): void {
  const header = layout.header.subarray(offset, Math.min(layout.dataStart, offset + out.length))
  if (header.length === 0) return
  if (firstDifference(base, header, 0, header.length) >= 0) throw otherHeader('The base')
  for (const [input, window] of windows.entries()) {
    if (firstDifference(window, header, 0, header.length) >= 0) throw otherHeader(`Input ${input}`, input)
  }
  out.set(header)
}

function otherHeader(who: string, input?: number): ColdmeshError {
  const facts = input === undefined ? {} : { input }
  return new ColdmeshError('bad-checkpoint', `${who} has other header bytes than the base's layout.`, { facts })
}

function copyEqual(part: Part, base: Uint8Array, windows: readonly Uint8Array[], out: Uint8Array): void {
  out.set(base.subarray(part.from, part.to), part.from)
  for (const [input, window] of windows.entries()) {
    const at = firstDifference(window, base, part.from, part.to)
    if (at < 0) continue
    const facts = { input, tensor: part.tensor.name, byte: part.skipped + at - part.from }
    const message = `Input ${input} differs from the base in the integer tensor ${JSON.stringify(facts.tensor)} at byte ${facts.byte}.`
    throw new ColdmeshError('bad-checkpoint', message, { facts })
  }
}

function requireLength(window: Uint8Array, bytes: number, who: string, input?: number): void {
  if (window.length === bytes) return
  throw new ColdmeshError('bad-checkpoint', `${who} ends too early.`, { facts: input === undefined ? {} : { input } })
}

async function requireEnd(reader: WindowReader, who: string, input?: number): Promise<void> {
  if (await reader.isAtEnd()) return
  const facts = input === undefined ? {} : { input }
  throw new ColdmeshError('bad-checkpoint', `${who} has more bytes than its layout.`, { facts })
}

/** Index of the first byte in [from, to) in which the two differ, or -1. */
export function firstDifference(a: Uint8Array, b: Uint8Array, from: number, to: number): number {
  for (let index = from; index < to; index++) {
    if (a[index] !== b[index]) return index
  }
  return -1
}
