import type { FusionLayout } from '../../fusion/layout.ts'
import type { ReadyRule } from '../../fusion/rule.ts'
import type { Validation } from '../../fusion/validate.ts'
import type { KernelModule } from './kernels.ts'

/** Descriptors of open files; every thread of a process may use them. */
export interface FileNumbers {
  readonly base: number
  readonly inputs: readonly number[]
  /** Null where an input is not rebased. */
  readonly parents: readonly (number | null)[]
}

/** One pass over files, which several threads do together: each takes the next unit of work until none is left. */
export type Job = {
  readonly layout: FusionLayout
  readonly files: FileNumbers
  /** Of 32-bit integers: the next unit, and whether to stop. */
  readonly control: SharedArrayBuffer
  readonly isReporting: boolean
  /** Null: JavaScript alone, with the same bits. */
  readonly kernels: KernelModule | null
} & Pass

export type Pass =
  /** Writes each leaf of the result to a file, if there is one, and its SHA-256. */
  | {
      readonly kind: 'fuse'
      readonly ready: ReadyRule
      readonly out: number | null
      readonly digests: SharedArrayBuffer
      /** For `ties/1`: by leaf and input, how many magnitudes equal to the input's key come before the leaf. */
      readonly equalBefore: SharedArrayBuffer | null
    }
  /** Sums of squared differences from the base: a double by block of 65,536 elements and input. */
  | { readonly kind: 'squares'; readonly sums: SharedArrayBuffer }
  /** Counts magnitudes: by their upper 16 bits, or by the lower ones of those with these upper ones. For the counts see counts.ts. */
  | { readonly kind: 'count'; readonly uppers: readonly number[] | null; readonly counts: SharedArrayBuffer }
  /** How many magnitudes are equal to the input's key: a double by leaf and input. */
  | { readonly kind: 'equal'; readonly keys: readonly number[]; readonly equal: SharedArrayBuffer }
  /** Checks the only input as a checkpoint of the base. */
  | { readonly kind: 'validate' }
  /** SHA-256 of each leaf of each input. */
  | { readonly kind: 'digest'; readonly digests: SharedArrayBuffer }

/** Index into `control`. */
export const NEXT_UNIT = 0
export const IS_STOPPED = 1

export function createControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)
}

/** What a thread has in the end. */
export interface Outcome {
  /** Of a `validate`: the first fault that the thread found, and where. */
  readonly fault: { readonly unit: number; readonly verdict: Validation } | null
}

/** One thread's part of a job. */
export interface Work {
  readonly units: number
  /** @throws ColdmeshError `bad-checkpoint`, `not-valid`, `refused` */
  run(unit: number): Promise<void> | void
  end(): Outcome
}

export const NOTHING: Outcome = { fault: null }
