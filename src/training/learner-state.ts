import type { LearnerState } from './learner.ts'

/** What learners are made of. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint32Array

/** A copy of the bytes of `numbers`. */
export function bytesOf(numbers: Numbers): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).slice()
}

/** Fills each array with the bytes of its name. False, and nothing changed, when one is missing or has another size. */
export function readInto(arrays: readonly (readonly [name: string, numbers: Numbers])[], state: LearnerState): boolean {
  if (!arrays.every(([name, { byteLength }]) => state[name]?.byteLength === byteLength)) return false
  for (const [name, { buffer, byteOffset, byteLength }] of arrays) {
    new Uint8Array(buffer, byteOffset, byteLength).set(state[name] ?? [])
  }
  return true
}
