import { base16, base16upper } from 'multiformats/bases/base16'
import { base32upper } from 'multiformats/bases/base32'
import { base64, base64url } from 'multiformats/bases/base64'
import { CID } from 'multiformats/cid'
import { type Format, negotiate } from './accept.ts'
import { type EntityBytes, parseEntityBytes } from './byte-range.ts'
import { GatewayError } from './gateway-error.ts'
import { DEFAULT_MAX_SEGMENTS, DEFAULT_MAX_URL_BYTES } from './limits.ts'

export type DagScope = 'block' | 'entity' | 'all'

export interface GatewayRequest {
  readonly isHead: boolean
  readonly root: CID
  /** Below the root, decoded. */
  readonly segments: readonly string[]
  /** As in the URL. */
  readonly contentPath: string
  readonly format: Format
  /** Where the same is found without an `Accept` header; null when the URL asked for it. */
  readonly location: string | null
  readonly scope: DagScope
  readonly entityBytes: EntityBytes | null
  readonly filename: string | null
  readonly isOnlyIfCached: boolean
  readonly ifNoneMatch: string | undefined
  readonly range: string | undefined
}

export interface HttpRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

const PREFIX = '/ipfs/'
const EMPTY = 'bafkqaaa'
const PROBED = { format: { kind: 'raw' }, isInUrl: true } as const
/** Besides those that the library knows by itself. */
const OTHER_BASES: Readonly<Record<string, Parameters<typeof CID.parse>[1]>> = {
  f: base16,
  F: base16upper,
  B: base32upper,
  m: base64,
  u: base64url,
}

/** @throws GatewayError 400, 404, 405, 406, 414, 501 */
export function parseRequest({ method, url, headers }: HttpRequest): GatewayRequest {
  if (method !== 'GET' && method !== 'HEAD') {
    throw new GatewayError(405, 'Only GET and HEAD are answered here.', { allow: 'GET, HEAD, OPTIONS' })
  }
  if (url.length > DEFAULT_MAX_URL_BYTES) throw new GatewayError(414, 'The URL is too long.')
  const { path, query } = splitUrl(url)
  if (path.startsWith('/ipns/'))
    throw new GatewayError(501, 'Names of IPNS are not resolved here: ask by CID, under /ipfs/.')
  if (!path.startsWith(PREFIX)) throw new GatewayError(404, 'Content is found under /ipfs/CID.')
  const [cid = '', ...rest] = path.slice(PREFIX.length).split('/')
  const text = (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : (value as string | undefined)
  }
  if (text('service-worker') === 'script') throw new GatewayError(400, 'No service worker is served from here.')
  const { format, isInUrl } = isProbe(method, cid, query) ? PROBED : negotiate(text('accept'), query)
  const segments = rest.filter((segment) => segment !== '').map(decodeSegment)
  if (segments.length > DEFAULT_MAX_SEGMENTS) {
    throw new GatewayError(400, `A path has at most ${DEFAULT_MAX_SEGMENTS} segments.`)
  }
  const entityBytes = query.get('entity-bytes')
  return {
    isHead: method === 'HEAD',
    root: parseRoot(cid),
    segments,
    contentPath: path.replace(/\/+$/, ''),
    format,
    location: isInUrl ? null : locationOf(path, query, format),
    scope: scopeOf(query),
    entityBytes: entityBytes === null || format.kind === 'raw' ? null : parseEntityBytes(entityBytes),
    filename: query.get('filename'),
    isOnlyIfCached: /(?:^|[,\s])only-if-cached(?:$|[,\s])/i.test(text('cache-control') ?? ''),
    ifNoneMatch: text('if-none-match'),
    range: text('range'),
  }
}

/** HEAD of the CID that is its own empty block: asked to learn whether this is a gateway. */
function isProbe(method: string, cid: string, query: URLSearchParams): boolean {
  return method === 'HEAD' && cid === EMPTY && !query.has('format')
}

/** By hand: a URL parser resolves `..`, which is a name like any other here. */
function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const origin = /^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? ''
  const [target = ''] = url.slice(origin.length).split('#')
  const at = target.indexOf('?')
  return at < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw new GatewayError(400, 'The path has a % that encodes nothing.')
  }
}

function parseRoot(text: string): CID {
  try {
    return CID.parse(text, OTHER_BASES[text[0] ?? ''])
  } catch {
    throw new GatewayError(400, 'What stands after /ipfs/ is no CID: base32 begins with b, CIDv0 with Qm.')
  }
}

function scopeOf(query: URLSearchParams): DagScope {
  const scope = query.get('dag-scope') ?? 'all'
  if (scope !== 'block' && scope !== 'entity' && scope !== 'all') {
    throw new GatewayError(400, 'dag-scope is block, entity or all.')
  }
  return query.has('entity-bytes') ? 'entity' : scope
}

function locationOf(path: string, query: URLSearchParams, format: Format): string {
  const parameters = new URLSearchParams(query)
  parameters.set('format', format.kind)
  if (format.kind === 'car') {
    parameters.set('car-order', 'dfs')
    parameters.set('car-dups', format.car.dups ? 'y' : 'n')
  }
  return `${path}?${parameters}`
}
