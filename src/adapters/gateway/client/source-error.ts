/**
 * Why a source gave nothing: `absent` (it has not got it), `busy` (it says when to come again), `failed` (unreachable, cut off, silent, slow), `lied`
 * (what it sent is not what was asked for).
 */
export type SourceFault = 'absent' | 'busy' | 'failed' | 'lied'

export class SourceError extends Error {
  readonly fault: SourceFault
  /** Of `busy`. */
  readonly retryAfterMs: number

  constructor(fault: SourceFault, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'SourceError'
    this.fault = fault
    this.retryAfterMs = options.retryAfterMs ?? 0
  }
}

/** What went wrong below us is the source's failure, unless it was called otherwise. */
export function sourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error
  return new SourceError('failed', error instanceof Error ? error.message : 'it failed', { cause: error })
}
