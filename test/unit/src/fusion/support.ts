import fc from 'fast-check'
import { encodeFloats } from '../../../../src/checkpoint/float-tensor.ts'
import { elementBytes, encodeLayout, type Layout } from '../../../../src/checkpoint/layout.ts'
import { FLOAT_BYTES, type FloatDtype, isFloatDtype } from '../../../../src/floats/dtypes.ts'
import { createSpanFuser } from '../../../../src/fusion/javascript.ts'
import type { Overflow } from '../../../../src/fusion/rebase.ts'
import type { ReadyRule } from '../../../../src/fusion/rule.ts'
import { WINDOW_BYTES } from '../../../../src/fusion/windows.ts'

/** F32 values as big-endian hex, and back: equal bits, not equal numbers. */
export function bitsOf(floats: Float32Array): string[] {
  return Array.from(new Uint32Array(floats.buffer, floats.byteOffset, floats.length), (word) =>
    word.toString(16).padStart(8, '0'),
  )
}

export function floatsOf(bits: readonly string[]): Float32Array {
  return new Float32Array(new Uint32Array(bits.map((text) => Number.parseInt(text, 16))).buffer)
}

/** Finite F32 values by their bits: as many subnormal or huge ones as exponents allow. */
export function finiteFloats(length: number): fc.Arbitrary<Float32Array> {
  const word = fc.oneof(
    fc.integer({ min: 0, max: 0xffffffff }),
    fc.constantFrom(0, 0x80000000, 1, 0x80000001, 0x7f7fffff, 0xff7fffff, 0x3f800001),
  )
  const finite = word.filter((bits) => (bits & 0x7f800000) !== 0x7f800000)
  return fc
    .array(finite, { minLength: length, maxLength: length })
    .map((words) => new Float32Array(new Uint32Array(words).buffer))
}

/** Every kind of tensor; each large one lies in more than one window, and borders lie inside all three. */
export const LAYOUT: Layout = encodeLayout([
  { name: 'ids', dtype: 'I64', shape: [3] },
  { name: 'large', dtype: 'F32', shape: [300_001] },
  { name: 'small', dtype: 'F32', shape: [5] },
  { name: 'brain', dtype: 'BF16', shape: [600_003] },
  { name: 'half', dtype: 'F16', shape: [600_003] },
  { name: 'mask', dtype: 'BOOL', shape: [3] },
])

/** A file of LAYOUT whose floats follow from the seed. */
export function checkpoint(seed: number): Uint8Array {
  const bytes = new Uint8Array(LAYOUT.totalBytes)
  bytes.set(LAYOUT.header)
  for (const { name, dtype, begin, end } of LAYOUT.tensors) {
    const from = LAYOUT.dataStart + begin
    if (name === 'ids') bytes.set([1, 0, 0, 0, 0, 0, 0, 0, 2], from)
    else if (name === 'mask') bytes.set([1, 0, 1], from)
    else if (isFloatDtype(dtype)) {
      const floats = new Float32Array((end - begin) / FLOAT_BYTES[dtype]).map((_, i) => Math.sin(i * 0.7 + seed) * 0.1)
      encodeFloats({ name, dtype }, floats, bytes.subarray(from, LAYOUT.dataStart + end))
    }
  }
  return bytes
}

/** Offset in the file of an element of a tensor of LAYOUT. */
export function offsetOf(tensor: string, element: number): number {
  const entry = LAYOUT.tensors.find(({ name }) => name === tensor)
  if (entry === undefined) throw new Error(`LAYOUT has no ${tensor}`)
  return LAYOUT.dataStart + entry.begin + element * elementBytes(entry.dtype)
}

/** NaN, signalling NaN and both infinities, as bytes of an element. */
export const NON_FINITE: Readonly<Record<FloatDtype, readonly (readonly number[])[]>> = {
  F32: [
    [0, 0, 0xc0, 0x7f],
    [1, 0, 0x80, 0x7f],
    [1, 0, 0x80, 0xff],
    [0, 0, 0x80, 0x7f],
    [0, 0, 0x80, 0xff],
  ],
  BF16: [
    [0xc0, 0x7f],
    [0x81, 0x7f],
    [0x81, 0xff],
    [0x80, 0x7f],
    [0x80, 0xff],
  ],
  F16: [
    [0, 0x7e],
    [1, 0x7c],
    [1, 0xfc],
    [0, 0x7c],
    [0, 0xfc],
  ],
}

/** The first and last element of each float tensor of LAYOUT, and those on both sides of each border of a window. */
export function edges(): readonly { tensor: string; dtype: FloatDtype; element: number }[] {
  return LAYOUT.tensors.flatMap(({ name, dtype, begin, end }) => {
    if (!isFloatDtype(dtype)) return []
    const size = FLOAT_BYTES[dtype]
    const [from, to] = [LAYOUT.dataStart + begin, LAYOUT.dataStart + end]
    const borders = [1, 2, 3].map((window) => window * WINDOW_BYTES).filter((border) => border > from && border < to)
    const offsets = [from, to - size, ...borders.flatMap((border) => [border - size, border])]
    return offsets.map((offset) => ({ tensor: name, dtype, element: (offset - from) / size }))
  })
}

/** A stream that hands out one reused Buffer, in chunks of the given sizes, at odd addresses. */
export async function* stream(bytes: Uint8Array, sizes: readonly number[] = [1_048_576]): AsyncGenerator<Uint8Array> {
  const reused = Buffer.alloc(Math.max(...sizes) + 3)
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1
    const chunk = reused.subarray(i % 4, (i % 4) + Math.min(size, bytes.length - at))
    chunk.set(bytes.subarray(at, at + size))
    yield chunk
    at += size
    reused.fill(0xff)
  }
}

/** Elements of one tensor: bits of F32 in a Float32Array, of the types of 16 bits in a Uint16Array. */
export type Elements = Float32Array | Uint16Array

/** What a rule makes of some elements. The base is zeros unless it is given. */
export function fuseElements(
  ready: ReadyRule,
  dtype: FloatDtype,
  files: {
    readonly base?: Elements
    readonly inputs: readonly Elements[]
    readonly parents?: readonly (Elements | null)[]
  },
): { readonly out: Uint8Array; readonly overflow: Overflow | null } {
  const bytesOf = (elements: Elements) => new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength)
  const inputs = files.inputs.map(bytesOf)
  const length = inputs[0]?.length ?? 0
  const out = new Uint8Array(length).fill(0xff)
  const base = files.base ? bytesOf(files.base) : new Uint8Array(length)
  const parents = inputs.map((_, input) => {
    const parent = files.parents?.[input] ?? null
    return parent === null ? null : bytesOf(parent)
  })
  const overflow = createSpanFuser(ready, inputs.length)({ dtype, base, inputs, parents }, out)
  return { out, overflow }
}

export const MEAN: ReadyRule = { rule: 'mean/1', step: null }

/** mean/1 of F32. */
export function meanF32(inputs: readonly Float32Array[]): Float32Array {
  return new Float32Array(fuseElements(MEAN, 'F32', { inputs }).out.buffer)
}

/** mean/1 of a type of 16 bits. */
export function meanHalf(dtype: FloatDtype, inputs: readonly Uint16Array[]): Uint16Array {
  return new Uint16Array(fuseElements(MEAN, dtype, { inputs }).out.buffer)
}
