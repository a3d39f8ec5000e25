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

/** Names the first element in which the two differ: tensor, index, both values. Null when they are equal. */
export function describeDifference(layout: Layout, { offset, fused, stored }: Stretch): string | null {
  const length = Math.max(fused.length, stored.length)
  let at = 0
  while (at < length && fused[at] === stored[at]) at++
  if (at === length) return null
  const position = offset + at - layout.dataStart
  const tensor = layout.tensors.find(({ begin, end }) => begin <= position && position < end)
  if (tensor === undefined) return `byte ${offset + at} of the file`
  const size = elementBytes(tensor)
  const index = Math.floor((position - tensor.begin) / size)
  const from = layout.dataStart + tensor.begin + index * size - offset
  const [expected, found] = [fused, stored].map((bytes) => showElement(tensor, bytes.subarray(from, from + size)))
  return `tensor ${JSON.stringify(tensor.name)}, element ${index}: the fusion gives ${expected}, the base has ${found}`
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
  return `0x${Buffer.from(bytes).toString('hex')}`
}
