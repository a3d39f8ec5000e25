import { setTimeout as pause } from 'node:timers/promises'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'

export interface WebOptions {
  /** What may be answered, most wanted first. */
  readonly accept: string
  /** More is refused, also where the answer says so before it comes. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
  /** How long an answer may take to begin, and then be silent. */
  readonly stallMs?: number | undefined
}

export interface WebAnswer {
  /** Media type, in lower case; empty when it is not said. */
  readonly type: string
  /** One pass; whoever takes no more leaves it. @throws ColdmeshError `unreachable`, `deadline`, `too-large`, `aborted` */
  readonly body: AsyncIterable<Uint8Array>
}

const DEFAULT_STALL_MS = 20_000
/** Whoever sends less than this over a window keeps us waiting on purpose, or for nothing. */
const MIN_BYTES_PER_SECOND = 1024
const WINDOW_MS = 60_000
/** A server that is busy says when to come again. */
const TRIES = 5
const FIRST_RETRY_MS = 200
const MAX_RETRY_MS = 10_000
const HINT = 'check the URL, and whether its server is up'

/**
 * Asks a web server for what is at a URL. Redirections are followed.
 * @throws ColdmeshError `unreachable` (no answer, or not with 200), `block-missing` (404 and the like), `deadline`, `too-large`, `aborted`
 */
export async function readUrl(url: URL, options: WebOptions): Promise<WebAnswer> {
  const { maxBytes, signal, stallMs = DEFAULT_STALL_MS } = options
  for (let tries = 1; ; tries++) {
    const watch = createWatch(url, signal, stallMs)
    try {
      const response = await fetch(url, { headers: { accept: options.accept }, signal: watch.signal })
      if (response.status === 200) {
        const length = Number(response.headers.get('content-length') ?? 0)
        if (length > maxBytes) throw tooLarge(url, maxBytes)
        const type = (response.headers.get('content-type') ?? '').toLowerCase()
        return { type, body: bodyOf(response, { url, maxBytes, watch }) }
      }
      await response.body?.cancel()
      watch.stop()
      if ((response.status !== 429 && response.status !== 503) || tries === TRIES) throw refused(url, response.status)
      await pause(
        delayMs(response.headers.get('retry-after'), tries),
        undefined,
        signal === undefined ? {} : { signal },
      )
    } catch (error) {
      watch.stop()
      throw isColdmeshError(error) ? error : watch.failure(error)
    }
  }
}

async function* bodyOf(
  response: Response,
  { url, maxBytes, watch }: { readonly url: URL; readonly maxBytes: number; readonly watch: Watch },
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length
      if (bytes > maxBytes) throw tooLarge(url, maxBytes)
      watch.moved(chunk.length)
      yield chunk
      // what we do with it is not the server's time
      watch.moved(0)
    }
  } catch (error) {
    throw isColdmeshError(error) ? error : watch.failure(error)
  } finally {
    watch.stop()
  }
}

interface Watch {
  readonly signal: AbortSignal
  /** Bytes came, or none could while we were busy. */
  moved(bytes: number): void
  stop(): void
  failure(cause: unknown): ColdmeshError
}

/** Ends a request that is silent, or slow for a window. */
function createWatch(url: URL, outer: AbortSignal | undefined, stallMs: number): Watch {
  const stalled = new AbortController()
  let silence = setTimeout(() => stalled.abort(), stallMs)
  let bytes = 0
  const slow = setInterval(() => {
    if (bytes < (MIN_BYTES_PER_SECOND * WINDOW_MS) / 1000) stalled.abort()
    bytes = 0
  }, WINDOW_MS)
  return {
    signal: outer === undefined ? stalled.signal : AbortSignal.any([outer, stalled.signal]),
    moved(count) {
      bytes += count
      clearTimeout(silence)
      silence = setTimeout(() => stalled.abort(), stallMs)
    },
    stop() {
      clearTimeout(silence)
      clearInterval(slow)
    },
    failure(cause) {
      if (outer?.aborted) return new ColdmeshError('aborted', 'The caller stopped this.', { cause })
      const facts = { url: String(url) }
      if (stalled.signal.aborted) {
        return new ColdmeshError('deadline', `${url.host} is silent, or far too slow.`, { facts, hint: HINT, cause })
      }
      return new ColdmeshError('unreachable', `${url.host} gives no whole answer.`, { facts, hint: HINT, cause })
    },
  }
}

const ABSENT = [404, 410, 412, 451]

function refused(url: URL, status: number): ColdmeshError {
  const isAbsent = ABSENT.includes(status)
  return new ColdmeshError(isAbsent ? 'block-missing' : 'unreachable', `${url.host} answered ${status}.`, {
    facts: { url: String(url), status },
    hint: HINT,
  })
}

function tooLarge(url: URL, maxBytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `${url.host} sends more than ${maxBytes} bytes.`, {
    facts: { url: String(url), maxBytes },
    hint: 'allow more with --max-bytes, if you expect that much',
  })
}

function delayMs(header: string | null, tries: number): number {
  const asked = /^\d{1,6}$/.test(header ?? '') ? 1000 * Number(header) : 0
  return Math.min(Math.max(asked, FIRST_RETRY_MS * 2 ** (tries - 1)), MAX_RETRY_MS)
}
