import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CID } from 'multiformats/cid'
import { RAW } from '../../checkpoint/acceptable-cid.ts'
import { LEAF_BYTES } from '../../checkpoint/file-tree.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Log } from '../../ports/system.ts'
import type { PartOfFile, WeightFiles } from '../../ports/weight-files.ts'
import { createAnswerWriter } from './answer-writer.ts'
import { type ByteRange, parseHttpRange, resolveBytes } from './byte-range.ts'
import { blockPrefix, carHeader } from './car.ts'
import { GatewayError } from './gateway-error.ts'
import { CORS_HEADERS, contentHeaders, matchesEtag } from './headers.ts'
import { type LeafBuffers, openKeptLeaves } from './kept-leaves.ts'
import { formatLeaves, LEAVES_HEADER } from './leaf-ranges.ts'
import { DEFAULT_RETRY_AFTER_SECONDS } from './limits.ts'
import type { ReadNode } from './node-reader.ts'
import { type GatewayRequest, parseRequest } from './request.ts'
import { type Resolved, resolvePath } from './resolve-path.ts'
import type { UploadRate } from './upload-rate.ts'
import type { UploadSlots } from './upload-slots.ts'
import { type WalkOptions, walkDag } from './walk-dag.ts'

/** Where peers that speak HTTP over libp2p look for what is served. */
export const WELL_KNOWN = '/.well-known/libp2p/protocols'
const PROTOCOLS = JSON.stringify({ '/ipfs/gateway': { path: '/' } })

export interface HandlerOptions {
  readonly readNode: ReadNode
  /** Files that are kept whole: their leaves are read from them. */
  readonly files: Pick<WeightFiles, 'open' | 'partOf'> | null
  readonly slots: UploadSlots
  readonly leafBuffers: LeafBuffers
  readonly rate: UploadRate
  /** Whether what is under this root is waited for in the current round. */
  readonly isUrgent: (root: CID) => boolean
  readonly log: Log
}

/** Who asks, and over what. */
export interface Asker {
  /** Shares slots: a peer id or a host. */
  readonly key: string
  /** True where a written buffer is out of use once it is sent. */
  readonly reuse: boolean
  /** Where the same is served over plain HTTP; undefined when nowhere else. */
  readonly altSvc?: string | undefined
}

/** Answers one request; never throws. */
export type Handler = (request: IncomingMessage, response: ServerResponse, asker: Asker) => Promise<void>

export function createHandler(options: HandlerOptions): Handler {
  const { log } = options
  return async (incoming, response, asker) => {
    for (const [name, value] of Object.entries(CORS_HEADERS)) response.setHeader(name, value)
    if (asker.altSvc !== undefined) response.setHeader('alt-svc', asker.altSvc)
    const stopped = new AbortController()
    response.on('close', () => stopped.abort(new Error('the reader is gone')))
    try {
      if (hasBody(incoming)) throw new GatewayError(400, 'A request has no body here.', { connection: 'close' })
      if (incoming.method === 'OPTIONS') return void response.writeHead(204, { allow: 'GET, HEAD, OPTIONS' }).end()
      if (incoming.url === WELL_KNOWN) return sayProtocols(incoming, response)
      await answer(options, { incoming, response, asker, signal: stopped.signal })
    } catch (error) {
      if (response.headersSent) {
        // Cut off, so that nobody takes it for all.
        if (!stopped.signal.aborted) log.warn('answer-broken-off', { from: asker.key, error: String(error) })
        response.destroy()
      } else refuse(response, error, log)
    }
  }
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly asker: Asker
  readonly signal: AbortSignal
}

async function answer(options: HandlerOptions, exchange: Exchange): Promise<void> {
  const { incoming, response, asker, signal } = exchange
  const { method = '', url = '', headers } = incoming
  const request = parseRequest({ method, url, headers })
  const slot = request.isHead ? () => {} : await options.slots.take(asker.key, signal)
  if (typeof slot === 'string') throw busy(slot)
  try {
    const resolved = await resolvePath(options.readNode, request)
    const bytes = bytesOf(request, resolved)
    const part = options.files?.partOf(resolved.terminus.cid) ?? null
    if (request.format.kind === 'car') requireBeginning(part, bytes)
    const head = { ...contentHeaders(request, resolved, bytes), ...leavesHeader(part) }
    if (matchesEtag(request.ifNoneMatch, head['etag'] ?? '')) {
      return void response.writeHead(304, pick(head, ['etag', 'cache-control', 'content-location', 'vary'])).end()
    }
    if (request.format.kind === 'raw') await sendRaw(options, exchange, { request, resolved, head })
    else await sendCar(options, exchange, { request, resolved, head, part, bytes, dups: request.format.car.dups })
  } finally {
    slot()
  }
}

/** Which bytes of the file at the end of the path are asked for; null for all, or for what is no file. */
function bytesOf({ entityBytes }: GatewayRequest, { terminus }: Resolved): ByteRange | 'none' | null {
  const { view, cid } = terminus
  if (entityBytes === null) return null
  if (view.kind === 'file' || (view.kind === 'leaf' && cid.code === RAW)) {
    return resolveBytes(entityBytes, view.bytes) ?? 'none'
  }
  return null
}

const leavesHeader = (part: PartOfFile | null): Readonly<Record<string, string>> =>
  part === null ? {} : { [LEAVES_HEADER]: formatLeaves(part.here) }

/** A range of a file that is still being brought here, and of which the first leaf is not: better said at once than cut off. @throws GatewayError 404 */
function requireBeginning(part: PartOfFile | null, bytes: ByteRange | 'none' | null): void {
  if (part === null || bytes === null || bytes === 'none' || part.here[Math.floor(bytes.first / LEAF_BYTES)] !== 0)
    return
  throw new GatewayError(404, 'This part of the file is not here yet: ask another peer.', leavesHeader(part))
}

interface Content {
  readonly request: GatewayRequest
  readonly resolved: Resolved
  readonly head: Readonly<Record<string, string>>
}

async function sendRaw(options: HandlerOptions, exchange: Exchange, content: Content): Promise<void> {
  const { response, asker, signal } = exchange
  const { request, resolved, head } = content
  const { block } = resolved.terminus
  const range = parseHttpRange(request.range, block.byteLength)
  if (range === null) {
    throw new GatewayError(416, 'The range lies outside of the block.', {
      'content-range': `bytes */${block.byteLength}`,
    })
  }
  const part = range === undefined ? block : block.subarray(range.first, range.last + 1)
  response.writeHead(range === undefined ? 200 : 206, {
    ...head,
    'content-length': part.byteLength,
    ...(range === undefined ? {} : { 'content-range': `bytes ${range.first}-${range.last}/${block.byteLength}` }),
  })
  if (request.isHead || part.byteLength === 0) return void response.end()
  const { rate } = options
  const writer = createAnswerWriter({
    response,
    rate,
    ...{ key: asker.key, isUrgent: options.isUrgent(request.root), signal },
  })
  await writer.write(part)
  await writer.end()
}

async function sendCar(
  options: HandlerOptions,
  exchange: Exchange,
  content: Content & {
    readonly part: PartOfFile | null
    readonly bytes: ByteRange | 'none' | null
    readonly dups: boolean
  },
): Promise<void> {
  const { response, asker, signal } = exchange
  const { request, resolved, head, part, bytes, dups } = content
  response.writeHead(200, head)
  if (request.isHead) return void response.end()
  const { rate, files, readNode } = options
  const isFile = resolved.terminus.view.kind === 'file' && request.scope !== 'block'
  await using kept =
    files === null || !isFile
      ? null
      : await openKeptLeaves(files, resolved.terminus.cid, { part, buffers: asker.reuse ? options.leafBuffers : null })
  const walk: WalkOptions = {
    scope: bytes === 'none' ? 'block' : request.scope,
    bytes: bytes === 'none' ? null : bytes,
    dups,
    ...(kept === null ? {} : { readLeaf: kept.read }),
  }
  const writer = createAnswerWriter({
    response,
    rate,
    ...{ key: asker.key, isUrgent: options.isUrgent(request.root), signal },
  })
  await writer.write(carHeader([resolved.terminus.cid]))
  for await (const { cid, block } of walkDag(readNode, resolved, walk)) {
    await writer.write(blockPrefix(cid, block.byteLength), block)
  }
  await writer.end()
  kept?.sent()
}

function refuse(response: ServerResponse, error: unknown, log: Log): void {
  if (error instanceof GatewayError) {
    const body = `${error.message}\n`
    response.writeHead(error.status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...error.headers,
    })
    return void response.end(body)
  }
  log.warn('request-failed', { error: isColdmeshError(error) ? error.code : String(error) })
  response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end('This peer failed to answer. Ask another, or again later.\n')
}

function sayProtocols({ method }: IncomingMessage, response: ServerResponse): void {
  if (method !== 'GET' && method !== 'HEAD') throw new GatewayError(405, 'Only GET is answered here.')
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': PROTOCOLS.length })
  response.end(method === 'GET' ? PROTOCOLS : undefined)
}

function busy(whose: 'own' | 'all'): GatewayError {
  const retry = { 'retry-after': String(DEFAULT_RETRY_AFTER_SECONDS) }
  return whose === 'own'
    ? new GatewayError(429, 'Too many requests of yours are being answered: wait for one to end.', retry)
    : new GatewayError(503, 'Too many requests are being answered: come again.', retry)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? '0') !== 0
}

function pick(from: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])))
}
