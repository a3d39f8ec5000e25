import { GatewayError } from './gateway-error.ts'

export const RAW_TYPE = 'application/vnd.ipld.raw'
export const CAR_TYPE = 'application/vnd.ipld.car'

export interface CarParameters {
  /** Whether a block is sent every time that the walk comes to it. */
  readonly dups: boolean
}

export type Format = { readonly kind: 'raw' } | { readonly kind: 'car'; readonly car: CarParameters }

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly q: number
}

/** Formats of the Path Gateway that are no business of a trustless one. */
const DESERIALIZED = ['tar', 'dag-json', 'dag-cbor', 'json', 'cbor']
const HINT = 'Ask with ?format=raw for one block, or with ?format=car.'

/**
 * What is asked for, and whether the URL alone says it. `format` goes before `Accept`, and a parameter of the URL before one of `Accept`.
 * @throws GatewayError 400, 406
 */
export function negotiate(accept: string | undefined, query: URLSearchParams): { format: Format; isInUrl: boolean } {
  const ranges = parseAccept(accept ?? '')
  const asked = query.get('format')
  if (asked === 'raw') return { format: { kind: 'raw' }, isInUrl: true }
  if (asked === 'car') return { format: { kind: 'car', car: carOf(ranges, query) }, isInUrl: true }
  if (asked !== null) {
    const isKnown = DESERIALIZED.includes(asked)
    throw new GatewayError(
      isKnown ? 406 : 400,
      `The format ${isKnown ? asked : 'asked for'} is not served here. ${HINT}`,
    )
  }
  const best = ranges.find(({ type, parameters }) => type === RAW_TYPE || (type === CAR_TYPE && isServed(parameters)))
  if (best?.type === RAW_TYPE) return { format: { kind: 'raw' }, isInUrl: false }
  if (best !== undefined) return { format: { kind: 'car', car: carOf([best], query) }, isInUrl: false }
  if (accept === undefined) throw new GatewayError(400, `The request names no format. ${HINT}`)
  throw new GatewayError(406, `Nothing that the request accepts is served here. ${HINT}`)
}

/** Of the CAR that is liked best. @throws GatewayError 400, 406 */
function carOf(ranges: readonly MediaRange[], query: URLSearchParams): CarParameters {
  const named = ranges.filter(({ type }) => type === CAR_TYPE)
  const best = named.find(({ parameters }) => isServed(parameters))?.parameters ?? new Map<string, string>()
  const inUrl = new Map(
    ['version', 'order', 'dups'].flatMap((name) => {
      const value = query.get(`car-${name}`)
      return value === null ? [] : [[name, value] as const]
    }),
  )
  if (!isServed(inUrl)) throw new GatewayError(400, 'CARs are served as car-version=1, car-order=dfs, car-dups=y or n.')
  if (
    named.length > 0 &&
    best.size === 0 &&
    !named.some(({ parameters }) => parameters.size === 0) &&
    inUrl.size === 0
  ) {
    throw new GatewayError(406, 'CARs are served with version=1, order=dfs, and dups=y or dups=n.')
  }
  return { dups: (inUrl.get('dups') ?? best.get('dups')) === 'y' }
}

/** `unk` leaves the order to us. */
function isServed(parameters: ReadonlyMap<string, string>): boolean {
  const isOneOf = (name: string, values: readonly string[]): boolean =>
    values.includes(parameters.get(name) ?? values[0] ?? '')
  return isOneOf('version', ['1']) && isOneOf('order', ['dfs', 'unk', '']) && isOneOf('dups', ['n', 'y', ''])
}

/** The best first; what is refused (q=0) is left out. */
function parseAccept(accept: string): readonly MediaRange[] {
  return accept
    .split(',')
    .map(parseRange)
    .filter(({ type, q }) => type !== '' && q > 0)
    .sort((a, b) => b.q - a.q)
}

function parseRange(text: string): MediaRange {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim())
  const pairs = rest.map((part): [string, string] => {
    const [name = '', value = ''] = part.split('=')
    return [
      name.trim().toLowerCase(),
      value
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    ]
  })
  const parameters = new Map(pairs)
  const q = Number(parameters.get('q') ?? '1')
  parameters.delete('q')
  return { type: type.toLowerCase(), parameters, q: Number.isFinite(q) ? q : 0 }
}
