import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { DEFAULT_MAX_RETRY_AFTER_MS, DEFAULT_RETRY_AFTER_SECONDS } from '../limits.ts'
import { type Answer, exchange, type Within } from './exchange.ts'
import { SourceError, sourceError } from './source-error.ts'
import { duplexTransport, type Transport, tcpTransport } from './transport.ts'

/** A peer that serves content, over one way of reaching it. */
export interface Source {
  /** Its peer id: who is to blame. */
  readonly peer: string
  readonly way: 'http' | 'stream'
  /**
   * The head of an answer with status 200; its body is still to come, and whoever does not read it leaves it.
   * @throws SourceError
   */
  ask(method: 'GET' | 'HEAD', path: string, within: Within): Promise<Answer>
  close(): void
}

/** Over plain HTTP, with connections that stay. */
export function httpSource(peer: string, { host, port }: { readonly host: string; readonly port: number }): Source {
  const free: Transport[] = []
  const name = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  let isClosed = false

  const giveBack = (transport: Transport): void => {
    transport.onBytes = () => transport.destroy()
    transport.onClose = () => {}
    if (isClosed) transport.destroy()
    else free.push(transport)
  }

  return {
    peer,
    way: 'http',
    async ask(method, path, within) {
      let known = free.pop()
      while (known?.isClosed) known = free.pop()
      const transport = known ?? (await tcpTransport(host, port, within.signal))
      const request = { method, path, host: name }
      return requireContent(await exchange(transport, request, { ...within, onFree: () => giveBack(transport) }))
    },
    close() {
      isClosed = true
      for (const transport of free) transport.destroy()
    },
  }
}

/** Over a libp2p stream for each request. */
export function streamSource(peer: string, open: (signal: AbortSignal) => Promise<Duplex>): Source {
  return {
    peer,
    way: 'stream',
    async ask(method, path, within) {
      const stream = await open(within.signal).catch((cause: unknown) => {
        throw sourceError(cause)
      })
      const transport = duplexTransport(stream)
      const onFree = (): void => void stream.end()
      return requireContent(await exchange(transport, { method, path, host: peer }, { ...within, onFree }))
    },
    close: () => {},
  }
}

/** @throws SourceError for any other status than 200 */
function requireContent(answer: Answer): Answer {
  const { status, headers } = answer
  if (status === 200) return answer
  answer.leave()
  if (status === 429 || status === 503) {
    throw new SourceError('busy', `it answered ${status}`, { retryAfterMs: retryAfterMs(headers.get('retry-after')) })
  }
  const isAbsent = status === 404 || status === 410 || status === 412 || status === 451
  throw new SourceError(isAbsent ? 'absent' : 'failed', `it answered ${status}`)
}

function retryAfterMs(header: string | undefined): number {
  const seconds = /^\d{1,6}$/.test(header ?? '') ? Number(header) : DEFAULT_RETRY_AFTER_SECONDS
  return Math.min(Math.max(seconds * 1000, 100), DEFAULT_MAX_RETRY_AFTER_MS)
}
