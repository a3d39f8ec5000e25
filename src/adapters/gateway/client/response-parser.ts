import { DEFAULT_MAX_RESPONSE_HEADER_BYTES } from '../limits.ts'

/** What is wrong with an answer as HTTP. */
export class ResponseError extends Error {
  override readonly name = 'ResponseError'
}

export interface Head {
  readonly status: number
  /** By names in lower case; several of one name are joined by commas. */
  readonly headers: ReadonlyMap<string, string>
}

export interface ResponseSink {
  onHead(head: Head): void
  /** A view of what was pushed: it is out of use when this returns. */
  onBody(chunk: Uint8Array): void
  /** @param isReusable whether the connection may carry another request */
  onEnd(isReusable: boolean): void
}

export interface ResponseParser {
  /** @throws ResponseError */
  push(chunk: Uint8Array): void
  /** The connection ended. @throws ResponseError when the answer had not */
  close(): void
}

const MAX_CHUNK_LINE = 64
const LF = 10

/**
 * Reads one answer of HTTP/1.1 as it comes, without a copy of its body. It refuses what could be read in two ways: lengths that contradict each other,
 * folded lines, other encodings than chunks.
 */
export function createResponseParser(sink: ResponseSink, { isHead }: { readonly isHead: boolean }): ResponseParser {
  let state: 'head' | 'body' | 'until-close' | 'size' | 'chunk' | 'chunk-end' | 'trailers' | 'over' = 'head'
  let line = ''
  let lines: string[] = []
  let headBytes = 0
  let left = 0
  let isReusable = true

  const end = (): void => {
    state = 'over'
    sink.onEnd(isReusable)
  }

  const begin = (): void => {
    const head = parseHead(lines)
    lines = []
    // Something more is to come: 100 to 103.
    if (head.status < 200) return
    const { headers } = head
    const encoding = headers.get('transfer-encoding')
    const length = headers.get('content-length')
    if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || length !== undefined)) {
      throw new ResponseError('its length is said in two ways')
    }
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new ResponseError('its length is no number')
    isReusable = !/(?:^|[,\s])close(?:$|[,\s])/i.test(headers.get('connection') ?? '')
    const isEmpty = isHead || head.status === 204 || head.status === 304 || length === '0'
    left = Number(length ?? 0)
    state = isEmpty ? 'over' : encoding !== undefined ? 'size' : length !== undefined ? 'body' : 'until-close'
    if (state === 'until-close') isReusable = false
    sink.onHead(head)
    if (isEmpty) sink.onEnd(isReusable)
  }

  const onLine = (text: string): void => {
    if (state === 'head') {
      if (text !== '') lines.push(text)
      else if (lines.length > 0) begin()
    } else if (state === 'size') {
      const [, size] = /^([0-9a-f]{1,8})(?:\s*;.*)?$/i.exec(text) ?? []
      if (size === undefined) throw new ResponseError('a chunk has no length')
      left = Number.parseInt(size, 16)
      state = left === 0 ? 'trailers' : 'chunk'
    } else if (state === 'chunk-end') {
      if (text !== '') throw new ResponseError('a chunk is longer than it says')
      state = 'size'
    } else if (text === '') end()
  }

  /** @returns how many bytes were taken */
  const takeLine = (chunk: Uint8Array, at: number): number => {
    const found = chunk.indexOf(LF, at)
    const to = found < 0 ? chunk.byteLength : found
    headBytes += to - at + 1
    const isHeader = state === 'head' || state === 'trailers'
    line += latin1(chunk.subarray(at, to))
    if (isHeader ? headBytes > DEFAULT_MAX_RESPONSE_HEADER_BYTES : line.length > MAX_CHUNK_LINE) {
      throw new ResponseError('a line is too long')
    }
    if (found < 0) return to - at
    const text = line.endsWith('\r') ? line.slice(0, -1) : line
    line = ''
    onLine(text)
    return to - at + 1
  }

  const takeBody = (chunk: Uint8Array, at: number): number => {
    const count = state === 'until-close' ? chunk.byteLength - at : Math.min(left, chunk.byteLength - at)
    left -= count
    const from = state
    sink.onBody(chunk.subarray(at, at + count))
    if (left > 0 || from === 'until-close') return count
    if (from === 'body') end()
    else state = 'chunk-end'
    return count
  }

  return {
    push(chunk) {
      for (let at = 0; at < chunk.byteLength; ) {
        if (state === 'over') throw new ResponseError('more came than was asked for')
        at +=
          state === 'body' || state === 'chunk' || state === 'until-close' ? takeBody(chunk, at) : takeLine(chunk, at)
      }
    },
    close() {
      if (state === 'until-close') end()
      else if (state !== 'over') throw new ResponseError('it broke off')
    },
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

function parseHead([first = '', ...lines]: readonly string[]): Head {
  const [, status] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/.exec(first) ?? []
  if (status === undefined) throw new ResponseError('it is no answer of HTTP/1.1')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new ResponseError('a header cannot be read')
    const key = name.toLowerCase()
    const before = headers.get(key)
    headers.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  return { status: Number(status), headers }
}
