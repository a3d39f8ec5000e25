import { ColdmeshError, type ErrorCode, type Facts } from '../../ports/errors.ts'
import type { Outcome } from './job.ts'
import { UnitError } from './run-job.ts'

/** What a thread says. */
export type Reply =
  | { readonly kind: 'unit' }
  | { readonly kind: 'done'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface Failure {
  readonly unit: number
  readonly code: ErrorCode
  readonly message: string
  readonly facts: Facts
  readonly hint: string | undefined
  /** Of an error of the system or of ours. */
  readonly stack: string | undefined
}

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space, then try again.',
  EDQUOT: 'The disk quota is used up: free some space, then try again.',
  EIO: 'The disk reports an error: check it before going on.',
}

export function describeFailure(thrown: unknown): Failure {
  const unit = thrown instanceof UnitError ? thrown.unit : 0
  const error = thrown instanceof UnitError ? thrown.cause : thrown
  if (error instanceof ColdmeshError) {
    const { code, message, facts, hint } = error
    return { unit, code, message, facts, hint, stack: undefined }
  }
  const message = error instanceof Error ? error.message : String(error)
  const system = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
  return {
    ...{ unit, code: 'refused', message: `Files could not be fused: ${message}`, facts: { system } },
    ...{ hint: HINTS[system], stack: error instanceof Error ? error.stack : undefined },
  }
}

export function failureError({ code, message, facts, hint, stack }: Failure): ColdmeshError {
  const cause = stack === undefined ? {} : { cause: stack }
  return new ColdmeshError(code, message, { facts, ...(hint === undefined ? {} : { hint }), ...cause })
}
