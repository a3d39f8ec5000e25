import * as dagCbor from '@ipld/dag-cbor'
import { joinBytes } from '../../../protocols/wire/bytes.ts'

/** A cbor writer that also writes what a canonical one never would: keys in any order, twice, heads too long. */

const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, tag: 6 } as const

/** Head of an item with its argument in the shortest form, or in `argumentBytes` (1, 2, 4 or 8). */
export function head(major: keyof typeof MAJOR, argument: number, argumentBytes?: 1 | 2 | 4 | 8): Uint8Array {
  const first = MAJOR[major] << 5
  const length = argumentBytes ?? shortest(argument)
  if (length === 0) return Uint8Array.of(first | argument)
  const bytes = new Uint8Array(1 + length)
  bytes[0] = first | (24 + Math.log2(length))
  for (let i = length, rest = argument; i > 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256
  return bytes
}

function shortest(argument: number): 0 | 1 | 2 | 4 | 8 {
  if (argument < 24) return 0
  if (argument < 0x100) return 1
  if (argument < 0x10000) return 2
  return argument < 0x100000000 ? 4 : 8
}

export function text(value: string | Uint8Array): Uint8Array {
  const utf8 = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return joinBytes([head('text', utf8.length), utf8])
}

export function byteString(value: Uint8Array): Uint8Array {
  return joinBytes([head('bytes', value.length), value])
}

/** A CID as dag-cbor carries one: tag 42 over 0x00 and the CID's bytes, whatever these are. */
export function link(cidBytes: Uint8Array): Uint8Array {
  return joinBytes([head('tag', 42), byteString(joinBytes([Uint8Array.of(0), cidBytes]))])
}

/** A map with exactly these entries in exactly this order. Values are encoded items. */
export function map(entries: readonly Entry[]): Uint8Array {
  return joinBytes([head('map', entries.length), ...entries.flatMap(([key, value]) => [text(key), value])])
}

export function list(items: readonly Uint8Array[]): Uint8Array {
  return joinBytes([head('list', items.length), ...items])
}

export type Entry = readonly [key: string, value: Uint8Array]

/** Entries of the map that these bytes encode, in their order there, each value encoded again. */
export function entriesOf(bytes: Uint8Array): readonly Entry[] {
  const value: unknown = dagCbor.decode(bytes)
  if (typeof value !== 'object' || value === null) throw new Error('not a map')
  return Object.entries(value).map(([key, item]) => [key, Uint8Array.from(dagCbor.encode(item))])
}

/** dag-cbor's order of keys: shorter first, then bytewise. */
export function inKeyOrder(entries: readonly Entry[]): readonly Entry[] {
  return [...entries].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
}
