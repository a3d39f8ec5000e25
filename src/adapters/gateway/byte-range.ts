import { GatewayError } from './gateway-error.ts'

/** `entity-bytes` as asked: both ends belong to it, negative ones count from the end, null is the end. */
export interface EntityBytes {
  readonly from: number
  readonly to: number | null
}

/** First and last byte. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** @throws GatewayError 400 */
export function parseEntityBytes(text: string): EntityBytes {
  const found = /^(-?\d{1,15}):(-?\d{1,15}|\*)$/.exec(text)
  const [, from, to] = found ?? []
  if (from === undefined || to === undefined) {
    throw new GatewayError(400, 'entity-bytes is FROM:TO, each a whole number, TO also *: for example 0:1048575.')
  }
  return { from: Number(from), to: to === '*' ? null : Number(to) }
}

/**
 * What of a file of so many bytes is asked for; null for none of it, as when the end lies before the beginning.
 * @throws GatewayError 400 when it begins after the end of the file
 */
export function resolveBytes({ from, to }: EntityBytes, bytes: number): ByteRange | null {
  const first = from < 0 ? Math.max(0, bytes + from) : from
  const end = to === null ? bytes - 1 : to < 0 ? bytes + to : to
  if (first >= bytes && bytes > 0)
    throw new GatewayError(400, `The file has ${bytes} bytes: none of them is asked for.`)
  const last = Math.min(end, bytes - 1)
  return last < first ? null : { first, last }
}

/** One range of a `Range` header; undefined for what is answered as a whole, null for one that lies outside. */
export function parseHttpRange(header: string | undefined, bytes: number): ByteRange | null | undefined {
  const found = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  const [, from = '', to = ''] = found ?? []
  if (found === null || (from === '' && to === '')) return undefined
  if (from === '')
    return Number(to) === 0 || bytes === 0 ? null : { first: Math.max(0, bytes - Number(to)), last: bytes - 1 }
  const first = Number(from)
  const last = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= bytes ? null : { first, last }
}
