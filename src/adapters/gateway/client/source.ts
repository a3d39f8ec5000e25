import { Agent, type IncomingMessage, request as openRequest, type RequestOptions } from 'node:http'
import type { Duplex } from 'node:stream'
import {
  DEFAULT_ANSWER_STALL_MS,
  DEFAULT_CONNECT_MS,
  DEFAULT_MAX_RESPONSE_HEADER_BYTES,
  DEFAULT_MAX_RETRY_AFTER_MS,
  DEFAULT_REQUESTS_PER_SOURCE,
  DEFAULT_RETRY_AFTER_SECONDS,
} from '../limits.ts'
import { SourceError, sourceError } from './source-error.ts'

export interface Within {
  readonly signal: AbortSignal
  /** How long the head of an answer may take. */
  readonly answerMs?: number | undefined
}

/** A peer that serves content, over one way of reaching it. */
export interface Source {
  /** Its peer id: who is to blame. */
  readonly peer: string
  readonly way: 'http' | 'stream'
  /**
   * The head of an answer with status 200; its body is still to come, and whoever leaves it destroys it.
   * @throws SourceError
   */
  ask(method: 'GET' | 'HEAD', path: string, within: Within): Promise<IncomingMessage>
  close(): void
}

/** Over plain HTTP, with connections that stay. */
export function httpSource(peer: string, { host, port }: { readonly host: string; readonly port: number }): Source {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: DEFAULT_REQUESTS_PER_SOURCE,
    // One over which nothing connects in time.
    timeout: DEFAULT_CONNECT_MS,
  })
  return {
    peer,
    way: 'http',
    ask: (method, path, within) => ask({ host, port, agent, method, path }, within),
    close: () => agent.destroy(),
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
      return await ask({ createConnection: () => stream, host: peer, method, path }, within)
    },
    close: () => {},
  }
}

async function ask(options: RequestOptions, within: Within): Promise<IncomingMessage> {
  const response = await responseTo(options, within)
  const { statusCode, headers } = response
  if (statusCode === 200) return response
  response.destroy()
  if (statusCode === 429 || statusCode === 503) {
    throw new SourceError('busy', `it answered ${statusCode}`, { retryAfterMs: retryAfterMs(headers['retry-after']) })
  }
  const isAbsent = statusCode === 404 || statusCode === 410 || statusCode === 412 || statusCode === 451
  throw new SourceError(isAbsent ? 'absent' : 'failed', `it answered ${statusCode}`)
}

function responseTo(options: RequestOptions, within: Within): Promise<IncomingMessage> {
  const { signal, answerMs = DEFAULT_ANSWER_STALL_MS } = within
  return new Promise((resolve, reject) => {
    const request = openRequest({ ...options, maxHeaderSize: DEFAULT_MAX_RESPONSE_HEADER_BYTES })
    const fail = (error: unknown): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      reject(sourceError(error))
    }
    const stop = (): void => void request.destroy(new Error('not wanted any more'))
    const timer = setTimeout(() => request.destroy(new Error('it does not answer')), answerMs)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    request.on('error', fail)
    request.on('socket', (socket) => {
      if (!socket.connecting) return
      const connecting = setTimeout(() => request.destroy(new Error('it cannot be reached')), DEFAULT_CONNECT_MS)
      socket.once('connect', () => clearTimeout(connecting))
      socket.once('close', () => clearTimeout(connecting))
    })
    request.on('response', (response) => {
      clearTimeout(timer)
      // Errors after the head are the body's.
      request.on('error', () => {})
      response.once('close', () => signal.removeEventListener('abort', stop))
      resolve(response)
    })
    request.end()
  })
}

function retryAfterMs(header: string | undefined): number {
  const seconds = /^\d{1,6}$/.test(header ?? '') ? Number(header) : DEFAULT_RETRY_AFTER_SECONDS
  return Math.min(Math.max(seconds * 1000, 100), DEFAULT_MAX_RETRY_AFTER_MS)
}
