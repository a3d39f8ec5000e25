import { asFloats, asHalves, FLOAT_BYTES, type FloatDtype } from '../floats/dtypes.ts'
import { roundToHalves } from '../floats/round.ts'
import { widenHalves } from '../floats/widen.ts'
import { type Overflow, rebaseInto } from './rebase.ts'

/** The bytes of successive elements of one tensor in every file, all of one length, each at an address that its type can be read at. */
export interface Span {
  readonly dtype: FloatDtype
  readonly base: Uint8Array
  /** In id order. */
  readonly inputs: readonly Uint8Array[]
  /** Of the weights that an input was trained from; null where it is not rebased. */
  readonly parents: readonly (Uint8Array | null)[]
}

/** Some elements of a span, widened; each array has `length` elements or more. */
export interface Block {
  readonly length: number
  readonly base: Float32Array
  readonly inputs: readonly Float32Array[]
  /** Null where the input is taken as it is. */
  readonly parents: readonly (Float32Array | null)[]
}

export interface BlockOptions {
  /** Whether rebased inputs come as the values that they stand for, rounded to the dtype, and without parents. */
  readonly isRounded: boolean
}

/** Elements whose doubles stay in the first-level cache. */
export const BLOCK = 1024
const MINUS_ZERO = 0x8000

/**
 * Goes through a span block by block. Returns the first input, and its first element, whose rebased value rounds to no finite
 * value of the dtype; what was visited is then worth nothing.
 * @param visit gets arrays that are valid until it returns
 */
export function visitBlocks(
  span: Span,
  { isRounded }: BlockOptions,
  visit: (block: Block, from: number) => void,
): Overflow | null {
  const { dtype } = span
  const elements = span.base.length / FLOAT_BYTES[dtype]
  const base = createReader(dtype, span.base)
  const inputs = span.inputs.map((input) => createReader(dtype, input))
  const parents = span.parents.map((parent) => (parent === null ? null : createReader(dtype, parent)))
  const rebased = parents.map((parent) => (parent === null ? null : new Float32Array(BLOCK)))
  const overflows = parents.map(() => -1)
  for (let from = 0; from < elements; from += BLOCK) {
    const length = Math.min(BLOCK, elements - from)
    const block = {
      ...{ length, base: base(from, length), inputs: inputs.map((read) => read(from, length)) },
      parents: parents.map((read) => read?.(from, length) ?? null),
    }
    for (const [input, into] of rebased.entries()) {
      if (into === null) continue
      const overflow = rebaseInto(dtype, block, input, into)
      if (overflow >= 0 && overflows[input] === -1) overflows[input] = from + overflow
    }
    if (!isRounded) visit(block, from)
    else {
      const values = block.inputs.map((value, input) => rebased[input] ?? value)
      visit({ ...block, inputs: values, parents: parents.map(() => null) }, from)
    }
  }
  const input = overflows.findIndex((element) => element >= 0)
  return input < 0 ? null : { input, element: overflows[input] ?? 0 }
}

/** Gives successive elements as F32: a view where they are, else a buffer that the next call writes again. */
function createReader(dtype: FloatDtype, bytes: Uint8Array): (from: number, length: number) => Float32Array {
  if (dtype === 'F32') {
    const floats = asFloats(bytes)
    return (from, length) => floats.subarray(from, from + length)
  }
  const halves = asHalves(bytes)
  const buffer = new Float32Array(Math.min(BLOCK, halves.length))
  return (from, length) => {
    widenHalves(dtype, halves, from, length, buffer)
    return buffer
  }
}

/** Rounds the first `length` numbers to elements of `out`, from element `from` on; -0 becomes +0. */
export function roundNumbers(
  dtype: FloatDtype,
  numbers: Float64Array,
  length: number,
  out: Uint8Array,
  from: number,
): void {
  if (dtype === 'F32') {
    const floats = asFloats(out)
    // a negative number below half the smallest subnormal rounds to -0; adding +0 to the rounded value makes it +0
    for (let i = 0; i < length; i++) floats[from + i] = Math.fround(numbers[i] ?? 0) + 0
    return
  }
  const halves = asHalves(out)
  roundToHalves(dtype, numbers, length, halves, from)
  for (let k = from; k < from + length; k++) if (halves[k] === MINUS_ZERO) halves[k] = 0
}
