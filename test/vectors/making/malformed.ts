import { fromHex, joinBytes } from '../../../protocols/wire/bytes.ts'
import {
  byteString,
  type Entry,
  entriesOf,
  head,
  inKeyOrder,
  link,
  list,
  map,
  text,
} from '../../support/protocols/cbor.ts'
import { type Wrong, wrong } from './file.ts'

export const fromHexOrFail = (hex: string): Uint8Array => {
  const bytes = fromHex(hex)
  if (!bytes) throw new Error(`not hex: ${hex}`)
  return bytes
}

/** Entries with one value replaced. */
export function withValue(entries: readonly Entry[], key: string, value: Uint8Array): readonly Entry[] {
  if (!entries.some(([name]) => name === key)) throw new Error(`no field ${key}`)
  return entries.map((entry) => (entry[0] === key ? [key, value] : entry))
}

export interface Fields {
  /** Names of top-level fields of each type, to be given values that these types can't have. */
  readonly uint?: string
  readonly cid?: string
  readonly bytes?: string
  readonly text?: string
  readonly required: string
}

/** Ways in which a map can be wrong, from one that is right. The reason is what a decoder of its kind must say. */
export function malformedMaps(valid: Uint8Array, fields: Fields): readonly Wrong[] {
  const entries = entriesOf(valid)
  const extra = (key: string, value: Uint8Array) => map(inKeyOrder([...entries, [key, value]]))
  const replaced = (key: string | undefined, values: readonly [string, string, Uint8Array][]) =>
    key === undefined
      ? []
      : values.map(([name, reason, value]) => wrong(`${key}: ${name}`, reason, map(withValue(entries, key, value))))
  return [
    wrong('unknown field', 'unknown-field', extra('zz', head('uint', 0))),
    wrong('unknown field __proto__', 'unknown-field', extra('__proto__', map([]))),
    wrong('unknown field constructor', 'unknown-field', extra('constructor', head('uint', 0))),
    wrong('missing field', 'missing-field', map(entries.filter(([key]) => key !== fields.required))),
    wrong('keys in reverse order', 'not-canonical', map(entries.toReversed())),
    wrong('a key twice', 'not-cbor', map(entries.flatMap((entry, i) => (i === 0 ? [entry, entry] : [entry])))),
    wrong(
      'a length longer than it must be',
      'not-cbor',
      joinBytes([head('map', entries.length, 1), valid.subarray(1)]),
    ),
    wrong('indefinite length', 'not-cbor', joinBytes([Uint8Array.of(0xbf), valid.subarray(1), Uint8Array.of(0xff)])),
    wrong('a byte after the end', 'not-cbor', joinBytes([valid, Uint8Array.of(0)])),
    wrong('the last byte missing', 'not-cbor', valid.subarray(0, -1)),
    ...replaced(fields.uint, WRONG_UINTS),
    ...replaced(fields.cid, WRONG_CIDS),
    ...replaced(fields.bytes, WRONG_BYTES),
    ...replaced(fields.text, WRONG_TEXTS),
  ]
}

const item = fromHexOrFail

export const WRONG_UINTS: readonly [string, string, Uint8Array][] = [
  ['1.5', 'bad-field', item('fb3ff8000000000000')],
  ['1.0 in 16 bits', 'not-canonical', item('f93c00')],
  ['1.0 in 64 bits', 'not-canonical', item('fb3ff0000000000000')],
  ['-0', 'not-canonical', item('f98000')],
  ['NaN', 'not-cbor', item('f97e00')],
  ['infinity', 'not-cbor', item('f97c00')],
  ['2^53', 'bad-field', item('1b0020000000000000')],
  ['2^53 as a float', 'bad-field', item('fb4340000000000000')],
  ['2^64 - 1', 'bad-field', item('1bffffffffffffffff')],
  ['-1', 'bad-field', item('20')],
  ['1 in two bytes', 'not-cbor', item('1801')],
  ['text', 'bad-field', item('6131')],
  ['true', 'bad-field', item('f5')],
  ['undefined', 'not-canonical', item('f7')],
  ['a simple value', 'not-cbor', item('f8ff')],
  [
    'a list in a list, 17 deep',
    'too-deep',
    joinBytes([...Array.from({ length: 17 }, () => head('list', 1)), item('00')]),
  ],
]

const DIGEST = '11'.repeat(32)

export const WRONG_CIDS: readonly [string, string, Uint8Array][] = [
  ['CID version 0', 'bad-field', link(item(`1220${DIGEST}`))],
  ['CID version 2', 'not-cbor', link(item(`02701220${DIGEST}`))],
  ['identity', 'bad-field', link(joinBytes([item('01700020'), item(DIGEST)]))],
  ['sha2-256 cut to 20 bytes', 'bad-field', link(item(`01701214${'11'.repeat(20)}`))],
  ['a digest of one byte', 'bad-field', link(item('0170120111'))],
  ['sha2-512', 'bad-field', link(item(`01701340${DIGEST}${DIGEST}`))],
  ['blake3', 'bad-field', link(item(`01701e20${DIGEST}`))],
  ['a codec of no use here', 'bad-field', link(item(`01721220${DIGEST}`))],
  ['a codec in more bytes than needed', 'not-cbor', link(item(`01f0001220${DIGEST}`))],
  ['a byte after the digest', 'not-cbor', link(item(`01701220${DIGEST}00`))],
  ['no multibase byte', 'not-cbor', joinBytes([head('tag', 42), byteString(item(`01701220${DIGEST}`))])],
  ['bytes without a tag', 'bad-field', byteString(item(`0001701220${DIGEST}`))],
  ['another tag', 'not-cbor', joinBytes([head('tag', 43), byteString(item(`0001701220${DIGEST}`))])],
  ['a CID as text', 'bad-field', text('bafybeiarceirceirceirceirceirceirceirceirceirceirceirceirce')],
]

export const WRONG_BYTES: readonly [string, string, Uint8Array][] = [
  ['one byte short', 'bad-field', byteString(new Uint8Array(31).fill(1))],
  ['one byte more', 'bad-field', byteString(new Uint8Array(33).fill(1))],
  ['text of the right length', 'bad-field', text('a'.repeat(32))],
  ['a list of numbers', 'bad-field', list(Array.from({ length: 32 }, () => head('uint', 1)))],
]

export const WRONG_TEXTS: readonly [string, string, Uint8Array][] = [
  ['bytes that are not UTF-8', 'not-canonical', text(Uint8Array.of(0x61, 0xff))],
  ['a surrogate in UTF-8', 'not-canonical', text(Uint8Array.of(0xed, 0xa0, 0x80))],
  ['UTF-8 longer than it must be', 'not-canonical', text(Uint8Array.of(0xc1, 0xa1))],
  ['a byte order mark', 'not-canonical', text('\ufeffname')],
  ['a control character', 'bad-field', text('a\u0007b')],
  ['a new line', 'bad-field', text('a\nb')],
  ['an escape sequence', 'bad-field', text('\u001b[31mred')],
  ['right-to-left override', 'bad-field', text('a\u202eb')],
  ['zero width space', 'bad-field', text('a\u200bb')],
  ['a private character', 'bad-field', text('\ue000')],
  ['a tag character', 'bad-field', text('a\u{e0041}')],
  ['empty', 'bad-field', text('')],
  ['far too long', 'bad-field', text('a'.repeat(201))],
  ['bytes', 'bad-field', byteString(Uint8Array.of(0x61))],
]

/** What is no map at all, or not even cbor. */
export const NOT_OBJECTS: readonly Wrong[] = [
  wrong('no bytes', 'not-cbor', new Uint8Array()),
  wrong('null', 'bad-field', item('f6')),
  wrong('a list', 'bad-field', item('80')),
  wrong('an integer', 'bad-field', item('00')),
  wrong('a string that ends beyond the end', 'not-cbor', item('7b001fffffffffffff')),
  wrong('a list of 2^64 - 1 items', 'not-cbor', item('9bffffffffffffffff')),
  wrong('a map of 2^32 entries', 'not-cbor', item('bb0000000100000000')),
]

export function tooLong(maxBytes: number): Wrong {
  return wrong('one byte more than allowed', 'too-long', { repeat: ['00', maxBytes + 1] })
}

export const TOO_DEEP: Wrong = wrong('100,000 lists in each other', 'too-deep', { repeat: ['81', 100_000] })
