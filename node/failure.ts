import type { ColdmeshError, ErrorCode } from 'coldmesh'
import { EXIT, exitCodeOf, isErrorCode } from './exit-codes.ts'
import { jsonLine, show } from './text/escape.ts'

type Facts = ColdmeshError['facts']

/**
 * The command line's own failure, with a code of the library's table. A class of its own so that `--help` and a mistyped
 * flag need not load the library; both kinds are recognised by shape.
 */
export class CliError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly facts: Facts

  constructor(code: ErrorCode, message: string, options: { hint?: string; facts?: Facts; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CliError'
    this.code = code
    this.hint = options.hint
    this.facts = options.facts ?? {}
  }
}

export interface Failure {
  readonly code: ErrorCode | 'bug'
  readonly message: string
  readonly hint: string | null
  readonly facts: Facts
  readonly exitCode: number
}

const DEBUG_HINT = 'Set COLDMESH_DEBUG=1 to see where it happened, and report it.'

/** What went wrong, for a person or a program. Anything that is not one of our errors is our bug. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Error && 'code' in error && 'facts' in error && isErrorCode(error.code)) {
    const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : null
    const facts = isFacts(error.facts) ? error.facts : {}
    return { code: error.code, message: error.message, hint, facts, exitCode: exitCodeOf(error.code) }
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { code: 'aborted', message: 'Interrupted.', hint: null, facts: {}, exitCode: EXIT.interrupted }
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return { code: 'bug', message, hint: DEBUG_HINT, facts: {}, exitCode: EXIT.bug }
}

/** `coldmesh: <code>: <sentence>` and the next step; with `json` one object on one line. */
export function formatFailure(failure: Failure, { json }: { json: boolean }): string {
  const { code, message, hint, facts } = failure
  if (json) return jsonLine({ error: { code, message, hint, facts } })
  const what = code === 'bug' ? 'this is a bug' : code
  const next = hint === null ? [] : [`  next: ${lines(hint)}`]
  return [`coldmesh: ${what}: ${lines(message)}`, ...next].join('\n')
}

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => show(line))
    .join('\n')
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
