import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createResponseParser, ResponseError } from '../../../../../src/adapters/gateway/client/response-parser.ts'

interface Read {
  readonly status: number
  readonly body: string
  readonly isReusable: boolean | null
}

/** Pushes the text in pieces of this length. */
function read(text: string, { piece = text.length, isHead = false, closes = false } = {}): Read {
  const found = { status: 0, body: '', isReusable: null as boolean | null }
  const parser = createResponseParser(
    {
      onHead: ({ status }) => {
        found.status = status
      },
      onBody: (chunk) => {
        found.body += Buffer.from(chunk).toString('latin1')
      },
      onEnd: (isReusable) => {
        found.isReusable = isReusable
      },
    },
    { isHead },
  )
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length; at += piece) parser.push(bytes.subarray(at, at + piece))
  if (closes) parser.close()
  return found
}

const OK = 'HTTP/1.1 200 OK\r\n'
const RIGHT: readonly (readonly [string, Read, { isHead?: boolean; closes?: boolean }?])[] = [
  [`${OK}content-length: 5\r\n\r\nhello`, { status: 200, body: 'hello', isReusable: true }],
  [`${OK}Content-Length:5\r\nConnection: close\r\n\r\nhello`, { status: 200, body: 'hello', isReusable: false }],
  [
    `${OK}transfer-encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nx: y\r\n\r\n`,
    { status: 200, body: 'hello', isReusable: true },
  ],
  [`HTTP/1.1 100 Continue\r\n\r\n${OK}content-length: 0\r\n\r\n`, { status: 200, body: '', isReusable: true }],
  [`${OK}\r\nto the end`, { status: 200, body: 'to the end', isReusable: false }, { closes: true }],
  [`${OK}content-length: 5\r\n\r\n`, { status: 200, body: '', isReusable: true }, { isHead: true }],
  ['HTTP/1.1 304 Not Modified\r\n\r\n', { status: 304, body: '', isReusable: true }],
]
const WRONG: readonly string[] = [
  'SSH-2.0-OpenSSH_9\r\n\r\n',
  'HTTP/2 200\r\n\r\n',
  `${OK}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n`,
  `${OK}content-length: 5, 6\r\n\r\n`,
  `${OK}content-length: -1\r\n\r\n`,
  `${OK}transfer-encoding: gzip, chunked\r\n\r\n`,
  `${OK} folded: x\r\n\r\n`,
  `${OK}no colon\r\n\r\n`,
  `${OK}transfer-encoding: chunked\r\n\r\nzz\r\n`,
  `${OK}transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n`,
  `${OK}transfer-encoding: chunked\r\n\r\n${'0'.repeat(100)}\r\n`,
  `${OK}content-length: 1\r\n\r\nab`,
  `${OK}x: ${'x'.repeat(20_000)}\r\n\r\n`,
  `HTTP/1.1 200 ${'\n'.repeat(1)}x${'y'.repeat(20_000)}`,
]

describe('an answer of HTTP/1.1', () => {
  it('is read alike in pieces of any length', () => {
    for (const [text, expected, options] of RIGHT) {
      for (let piece = 1; piece <= text.length; piece++) assert.deepEqual(read(text, { ...options, piece }), expected)
    }
  })

  it('is refused when it is none, or can be read in two ways', () => {
    for (const text of WRONG) assert.throws(() => read(text), ResponseError, JSON.stringify(text.slice(0, 80)))
    assert.throws(() => read(`${OK}content-length: 5\r\n\r\nhe`, { closes: true }), ResponseError)
    assert.throws(() => read(`${OK}transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n`, { closes: true }), ResponseError)
  })

  it('throws nothing else, whatever comes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            OK,
            '\r\n',
            '\r\n\r\n',
            'content-length: 3',
            'transfer-encoding: chunked',
            '1',
            'a',
            '\0',
            ': ',
          ),
        ),
        (parts) => {
          try {
            read(parts.join(''), { closes: true })
          } catch (error) {
            assert.ok(error instanceof ResponseError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})
