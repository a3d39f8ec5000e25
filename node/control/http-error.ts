import type { ErrorCode } from 'coldmesh'
import { describeFailure } from '../failure.ts'

/** Refusals of HTTP itself, beside the library's error codes. */
export type HttpErrorCode =
  | 'unauthorized'
  | 'forbidden'
  | 'not-found'
  | 'media-type'
  | 'too-large'
  | 'bad-request'
  | 'busy'

const HTTP_STATUS: Readonly<Record<HttpErrorCode, number>> = {
  'bad-request': 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  'too-large': 413,
  'media-type': 415,
  busy: 503,
}

const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  'bad-input': 400,
  'bad-checkpoint': 400,
  'bad-model': 400,
  'bad-dataset': 400,
  'too-large': 400,
  unsupported: 400,
  refused: 409,
  locked: 409,
  'block-missing': 404,
  'block-corrupt': 422,
  'not-valid': 422,
  unreachable: 503,
  deadline: 504,
  aborted: 503,
}

export class HttpError extends Error {
  readonly code: HttpErrorCode
  readonly hint: string | null

  constructor(code: HttpErrorCode, message: string, hint: string | null = null) {
    super(message)
    this.name = 'HttpError'
    this.code = code
    this.hint = hint
  }
}

export interface HttpFailure {
  readonly status: number
  readonly body: { readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } }
}

/** The answer to a failed request. What is our bug is not described to the caller beyond its kind. */
export function describeHttpFailure(error: unknown): HttpFailure {
  if (error instanceof HttpError) return failure(HTTP_STATUS[error.code], error.code, error.message, error.hint)
  const status = fastifyStatusOf(error)
  if (status === 413) return failure(status, 'too-large', 'The body is larger than this API reads.')
  if (status === 415) return failure(status, 'media-type', 'The body must be application/json.')
  if (status !== null && error instanceof Error) return failure(status, 'bad-request', error.message)
  const { code, message, hint } = describeFailure(error)
  return code === 'bug'
    ? failure(500, 'bug', 'This is a bug in coldmesh.')
    : failure(STATUS_OF[code], code, message, hint)
}

function failure(status: number, code: string, message: string, hint: string | null = null): HttpFailure {
  return { status, body: { error: { code, message, hint } } }
}

function fastifyStatusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : null
}
