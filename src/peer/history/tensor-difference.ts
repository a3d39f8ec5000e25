import { decodeFloats } from '../../checkpoint/float-tensor.ts'
import type { Layout, TensorEntry } from '../../checkpoint/layout.ts'
import { FLOAT_BYTES, isFloatDtype } from '../../floats/dtypes.ts'

/** The same stretch of a checkpoint in two versions. */
export interface Stretch {
  /** Bytes, from the start of the file. */
  readonly offset: number
  readonly fused: Uint8Array
  readonly stored: Uint8Array
}

/** The first element in which two versions of a checkpoint differ; values as text that reads back exactly. */
export interface TensorDifference {
  /** Null in the header. */
  readonly tensor: string | null
  /** Of the element in its tensor; in the header of the byte in the file. */
  readonly index: number
  readonly fused: string
  readonly stored: string
}

/** Null when the two are equal. */
export function findDifference(layout: Layout, { offset, fused, stored }: Stretch): TensorDifference | null {
  const length = Math.max(fused.length, stored.length)
  let at = 0
  while (at < length && fused[at] === stored[at]) at++
  if (at === length) return null
  const position = offset + at - layout.dataStart
  const tensor = layout.tensors.find(({ begin, end }) => begin <= position && position < end)
  if (tensor === undefined) {
    const [own = '', found = ''] = [fused, stored].map((bytes) => showBytes(bytes.subarray(at, at + 1)))
    return { tensor: null, index: offset + at, fused: own, stored: found }
  }
  const size = elementBytes(tensor)
  const index = Math.floor((position - tensor.begin) / size)
  const from = layout.dataStart + tensor.begin + index * size - offset
  const [own = '', found = ''] = [fused, stored].map((bytes) => showElement(tensor, bytes.subarray(from, from + size)))
  return { tensor: tensor.name, index, fused: own, stored: found }
}

/** Names the first element in which the two differ: tensor, index, both values. Null when they are equal. */
export function describeDifference(layout: Layout, stretch: Stretch): string | null {
  const found = findDifference(layout, stretch)
  if (found === null) return null
  const { tensor, index, fused, stored } = found
  if (tensor === null) return `byte ${index} of the file`
  return `tensor ${JSON.stringify(tensor)}, element ${index}: the fusion gives ${fused}, the base has ${stored}`
}

function elementBytes({ begin, end, shape }: TensorEntry): number {
  return (end - begin) / shape.reduce((product, size) => product * size, 1)
}

/** A float as a number that reads back exactly, other types as bytes. */
function showElement({ dtype }: TensorEntry, bytes: Uint8Array): string {
  if (isFloatDtype(dtype) && bytes.length === FLOAT_BYTES[dtype]) {
    // a copy: aligned whatever the stretch's address
    return String(decodeFloats(dtype, Uint8Array.from(bytes))[0])
  }
  return showBytes(bytes)
}

function showBytes(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`
}
