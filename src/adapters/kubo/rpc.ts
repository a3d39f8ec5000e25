import { ColdmeshError } from '../../ports/errors.ts'
import type { KuboAddress } from './address.ts'
import { answerOf, noAnswer } from './failures.ts'
import { fileForm } from './file-form.ts'
import { DEFAULT_CALL_MS, DEFAULT_LIST_MS, MAX_ANSWER_BYTES, MAX_LINE_BYTES } from './limits.ts'

/** Arguments of a call: `arg` and options, as Kubo's reference of its RPC API names them. */
export type Arguments = Readonly<Record<string, string | boolean>>

export interface CallOptions {
  /** A file of any length in chunks, or one that is in memory. */
  readonly body?: Blob | AsyncIterable<Uint8Array>
  readonly maxBytes?: number
  readonly timeoutMs?: number
  readonly signal?: AbortSignal | undefined
}

/** Kubo's RPC API. What Kubo itself says of a call that failed is a `KuboFailure`; whoever calls knows what it means. */
export interface KuboRpc {
  /** The answer's bytes. @throws KuboFailure, ColdmeshError `refused` (not there, too slow, too much) */
  call(name: string, args: Arguments, options?: CallOptions): Promise<Uint8Array>
  /** An answer of one JSON value a line, of any length. @throws as `call` */
  list(name: string, args: Arguments, options?: { readonly signal?: AbortSignal }): AsyncIterable<unknown>
}

export function createKuboRpc({ url, authorization }: KuboAddress): KuboRpc {
  async function post(
    name: string,
    args: Arguments,
    body: CallOptions['body'],
    signal: AbortSignal,
  ): Promise<Response> {
    const query = new URLSearchParams()
    for (const [key, value] of Object.entries(args)) query.set(key, String(value))
    const { headers, ...content } = contentOf(body)
    const response = await fetch(`${url}${name}?${query}`, {
      method: 'POST',
      redirect: 'error',
      signal,
      headers: { ...headers, ...(authorization === null ? {} : { authorization }) },
      ...content,
    })
    if (response.ok) return response
    throw answerOf(response.status, await readSome(response), url)
  }

  return {
    async call(name, args, { body, maxBytes = MAX_ANSWER_BYTES, timeoutMs = DEFAULT_CALL_MS, signal } = {}) {
      const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])])
      try {
        return await readAll(await post(name, args, body, within), maxBytes)
      } catch (error) {
        throw noAnswer(error, { url, name, timeoutMs, signal })
      }
    },
    async *list(name, args, { signal } = {}) {
      const timeoutMs = DEFAULT_LIST_MS
      const within = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])])
      try {
        yield* readLines(await post(name, args, undefined, within))
      } catch (error) {
        throw noAnswer(error, { url, name, timeoutMs, signal })
      }
    },
  }
}

function contentOf(
  body: CallOptions['body'],
): Pick<RequestInit, 'body' | 'duplex'> & { headers?: { 'content-type': string } } {
  if (body === undefined) return {}
  if (body instanceof Blob) {
    const form = new FormData()
    form.set('file', body)
    return { body: form }
  }
  const form = fileForm(body)
  return { body: form.body, duplex: 'half', headers: { 'content-type': form.contentType } }
}

async function readAll(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > maxBytes) throw new ColdmeshError('too-large', `Kubo's answer has more than ${maxBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** The beginning of what an error says. */
async function readSome(response: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes > MAX_LINE_BYTES) break
  }
  return Buffer.concat(parts)
}

async function* readLines(response: Response): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of response.body ?? []) {
    rest += decoder.decode(part, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE_BYTES) throw new ColdmeshError('too-large', 'A line of a list of Kubo is too long.')
    for (const line of lines) if (line !== '') yield JSON.parse(line)
  }
  if (rest.trim() !== '') yield JSON.parse(rest)
}
