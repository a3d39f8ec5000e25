/**
 * The closed table of failures. Callers match on `code`, never on text. The CLI maps each to an exit code and a next step.
 */
export const ERROR_CODES = [
  'bad-input', // a file, column, option or value the user gave
  'bad-checkpoint', // bytes that are not an acceptable safetensors file
  'bad-model', // a model directory an engine cannot run
  'bad-dataset', // a dataset that cannot train a classifier
  'block-missing', // content that is not here (and, for a fetch, that nobody gave in time)
  'block-corrupt', // stored bytes that do not match their CID
  'too-large', // more bytes, links or depth than allowed
  'deadline', // took longer than allowed
  'unreachable', // no peer answered
  'not-valid', // verification said no
  'unsupported', // a rule, dtype, engine or version this build does not know
  'locked', // another process holds the data directory or key
  'refused', // this machine refuses: permissions, disk, port, Node version
  'aborted', // the caller's signal
] as const

export type ErrorCode = (typeof ERROR_CODES)[number]

export type Facts = Readonly<Record<string, string | number | boolean | null>>

/** The one error class: an operation failed. `hint` is the next step for a person. */
export class ColdmeshError extends Error {
  readonly code: ErrorCode
  readonly facts: Facts
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: { facts?: Facts; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ColdmeshError'
    this.code = code
    this.facts = options.facts ?? {}
    this.hint = options.hint
  }
}

/** True when `error` is a ColdmeshError, of `code` if given. */
export function isColdmeshError(error: unknown, code?: ErrorCode): error is ColdmeshError {
  return error instanceof ColdmeshError && (code === undefined || error.code === code)
}
