import { ColdmeshError } from '../../ports/errors.ts'
import { MAX_QUOTED } from './limits.ts'

/** Kubo's own word for why a call failed. Callers know some; others become errors for a person by `refusalOf`. */
export class KuboFailure extends Error {
  readonly url: string

  constructor(message: string, url: string) {
    super(message)
    this.name = 'KuboFailure'
    this.url = url
  }
}

/** What Kubo answers when a block is not there and none may be searched for. */
export function isMissing(error: unknown): boolean {
  return error instanceof KuboFailure && /not found locally|could not find/.test(error.message)
}

/** An answer that is not 200. */
export function answerOf(status: number, body: Uint8Array, url: string): KuboFailure | ColdmeshError {
  const text = new TextDecoder().decode(body)
  if (status === 500) return new KuboFailure(messageOf(text), url)
  const facts = { url, status }
  if (status === 401 || status === 403) {
    return new ColdmeshError('refused', `The Kubo node at ${url} lets nobody in without a password (${status}).`, {
      facts,
      hint: 'Give user and password as in its API.Authorizations: --ipfs kubo:http://USER:PASSWORD@HOST:PORT.',
    })
  }
  return new ColdmeshError('refused', `What answers at ${url} is not Kubo's RPC API (${status}).`, {
    facts,
    hint: 'The RPC API usually listens on port 5001, the gateway on 8080: `ipfs config Addresses.API` says where.',
  })
}

function messageOf(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'Message' in value) return String(value.Message)
  } catch {
    // not what Kubo writes: quoted as it is
  }
  return text
}

interface Asked {
  readonly url: string
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
}

/** Why there was no answer; what was one stays as it is. */
export function noAnswer(error: unknown, { url, name, timeoutMs, signal }: Asked): unknown {
  if (error instanceof KuboFailure || error instanceof ColdmeshError) return error
  if (signal?.aborted === true) return new ColdmeshError('aborted', 'It was stopped.', { cause: error })
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return new ColdmeshError('refused', `The Kubo node at ${url} took more than ${timeoutMs / 1000} s for ${name}.`, {
      facts: { url, call: name, timeoutMs },
      hint: 'Look whether it is busy (`ipfs diag cmds`), for example collecting garbage. It will be tried again.',
      cause: error,
    })
  }
  const code = systemCode(error)
  return new ColdmeshError('refused', `The Kubo node at ${url} does not answer (${code}).`, {
    facts: { url, call: name, system: code },
    hint: 'Start it (`ipfs daemon`), or say where it is: --ipfs kubo:http://HOST:PORT.',
    cause: error,
  })
}

function systemCode(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'unknown'
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /no space left|quota exceeded|disk full/i,
    "Kubo's disk is full: free some space, or `ipfs repo gc`. What is pinned stays.",
  ],
  [/read-only file ?system/i, "Kubo's repository is read-only: mount it for writing."],
  [/permission denied/i, 'Kubo may not write its repository: check the permissions of the user that it runs as.'],
  [/too many open files/i, 'Kubo has too many open files: raise its limit (ulimit -n 8192) and start it again.'],
]

/** Kubo said no: why, and what to do. Anything else stays as it is. */
export function refusalOf(error: unknown, doing: string): unknown {
  if (!(error instanceof KuboFailure)) return error
  const said = printable(error.message).slice(0, MAX_QUOTED)
  return new ColdmeshError('refused', `The Kubo node at ${error.url} could not ${doing}: ${said}.`, {
    facts: { url: error.url, said },
    hint: HINTS.find(([pattern]) => pattern.test(said))?.[1] ?? "Look into Kubo's log.",
    cause: error,
  })
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').trim()
}
