import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { HttpError } from './http-error.ts'

export interface GuardOptions {
  readonly port: number
  readonly token: string
}

/**
 * Lets a request pass only when it was made for this address by someone who can read DIR/control.json.
 * A name that resolves to 127.0.0.1 (DNS rebinding) fails the Host check, a page of another site the Origin check.
 * @throws HttpError
 */
export function guard(method: string, headers: IncomingHttpHeaders, { port, token }: GuardOptions): void {
  const hosts = ['127.0.0.1', 'localhost'].map((host) => `${host}:${port}`)
  if (!hosts.includes((headers.host ?? '').toLowerCase())) {
    throw new HttpError('forbidden', 'The Host header does not name this address.')
  }
  const { origin } = headers
  if (origin !== undefined && !hosts.some((host) => origin.toLowerCase() === `http://${host}`)) {
    throw new HttpError('forbidden', 'Requests from other origins are refused.')
  }
  if (!isToken(headers.authorization, token)) {
    throw new HttpError('unauthorized', 'The bearer token is missing or wrong.', 'Take it from control.json.')
  }
  if (method !== 'GET' && !isJson(headers['content-type'])) {
    throw new HttpError('media-type', 'The body must be application/json.')
  }
}

/** In constant time, whatever the lengths. */
function isToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? '')
}
