import { createHash } from 'node:crypto'
import { CAR_TYPE, RAW_TYPE } from './accept.ts'
import type { ByteRange } from './byte-range.ts'
import type { GatewayRequest } from './request.ts'
import type { Resolved } from './resolve-path.ts'

/** Anybody's page may read what anybody may ask for. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, OPTIONS',
  'access-control-allow-headers': 'Content-Type, Range, User-Agent, X-Requested-With',
  'access-control-expose-headers':
    'Content-Range, Content-Length, X-Ipfs-Path, X-Ipfs-Roots, X-Chunked-Output, X-Stream-Output',
}

const IMMUTABLE = 'public, max-age=29030400, immutable'

/** Of an answer with content. */
export function contentHeaders(
  request: GatewayRequest,
  resolved: Resolved,
  bytes: ByteRange | 'none' | null,
): Readonly<Record<string, string>> {
  const { format, filename, location } = request
  const isCar = format.kind === 'car'
  return {
    'content-type':
      format.kind === 'raw' ? RAW_TYPE : `${CAR_TYPE}; version=1; order=dfs; dups=${format.car.dups ? 'y' : 'n'}`,
    'content-disposition': disposition(filename ?? `${resolved.terminus.cid}.${isCar ? 'car' : 'bin'}`),
    'x-content-type-options': 'nosniff',
    'accept-ranges': isCar ? 'none' : 'bytes',
    etag: etagOf(request, resolved, bytes),
    'cache-control': IMMUTABLE,
    'x-ipfs-path': request.contentPath,
    'x-ipfs-roots': resolved.roots.join(','),
    vary: 'Accept',
    ...(location === null ? {} : { 'content-location': location }),
  }
}

/** One for each sequence of bytes: answers are the same whenever they are made. */
export function etagOf(
  { format, scope, entityBytes, contentPath }: GatewayRequest,
  resolved: Resolved,
  bytes: ByteRange | 'none' | null,
): string {
  const { cid } = resolved.terminus
  if (format.kind === 'raw') return `"${cid}.raw"`
  const range =
    entityBytes === null ? '' : bytes === null ? '.all' : bytes === 'none' ? '.none' : `.${bytes.first}-${bytes.last}`
  const path =
    resolved.above.length === 0 ? '' : `.${createHash('sha256').update(contentPath).digest('hex').slice(0, 32)}`
  return `"${scope}${range}.dfs.${format.car.dups ? 'y' : 'n'}.${cid}${path}.car"`
}

/** Compared weakly, as If-None-Match asks. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  const tags = ifNoneMatch.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.some((tag) => tag.replace(/^W\//, '') === etag)
}

/** The name in ASCII, and as it is where that is something else. */
function disposition(filename: string): string {
  const name = filename.replace(/[\\/\r\n\0]/g, '_').slice(0, 255)
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/"/g, "'")
  const plain = `attachment; filename="${ascii}"`
  return ascii === name ? plain : `${plain}; filename*=UTF-8''${encodeRfc8187(name)}`
}

function encodeRfc8187(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  return encoded.replace(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
}
