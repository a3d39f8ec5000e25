import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MalformedError } from '../../../../protocols/wire/codec.ts'
import {
  billionths,
  bytes,
  cid,
  directoryCid,
  either,
  type Field,
  fileCid,
  list,
  mapOf,
  messageId,
  nullable,
  oneOf,
  optional,
  record,
  text,
  uint,
} from '../../../../protocols/wire/fields.ts'
import { testCid } from '../../../support/protocols/network.ts'

const accepts = (field: Field<unknown>, ...values: readonly unknown[]) => {
  for (const value of values) assert.deepEqual(field.read(value, 'field'), value)
}
const refuses = (field: Field<unknown>, reason: string, ...values: readonly unknown[]) => {
  for (const value of values) {
    const isRight = (error: unknown) => error instanceof MalformedError && error.reason === reason
    assert.throws(() => field.read(value, 'field'), isRight, `${String(value)} is read`)
  }
}

describe('uint', () => {
  it('reads integers within its range', () => accepts(uint({ min: 1, max: 5 }), 1, 5))
  it('reads up to 2^53 - 1 unless told otherwise', () => accepts(uint(), 0, Number.MAX_SAFE_INTEGER))
  // fault 62
  it('refuses what is outside, no integer or no number', () => {
    refuses(uint({ min: 1, max: 5 }), 'bad-field', 0, 6, 1.5, -1, '1', true, null, undefined, [], 1n)
    refuses(uint(), 'bad-field', 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 2n ** 53n)
  })
  it('reads billionths up to one', () => {
    accepts(billionths(), 1_000_000_000)
    refuses(billionths(), 'bad-field', 1_000_000_001)
  })
})

describe('bytes', () => {
  it('reads bytes of exactly one length, or up to one', () => {
    accepts(bytes({ exactly: 2 }), new Uint8Array(2))
    accepts(bytes({ atMost: 2 }), new Uint8Array(0), new Uint8Array(2))
  })
  it('refuses other lengths and other types', () => {
    refuses(bytes({ exactly: 2 }), 'bad-field', new Uint8Array(1), new Uint8Array(3), 'ab', [0, 0], null)
    refuses(bytes({ atMost: 2 }), 'bad-field', new Uint8Array(3))
  })
})

describe('text', () => {
  const short = text({ minBytes: 1, maxBytes: 12 })
  it('reads names in any script, composed or not', () => {
    accepts(short, 'a', 'Zürich', 'Zu\u0308rich', '東京', 'עברית', '🦊🦊', 'a b')
  })
  it('counts bytes of UTF-8, not characters', () => {
    accepts(short, '東京東京')
    refuses(short, 'bad-field', '東京東京東')
  })
  it('refuses what cannot be seen or turns text around', () => {
    const invisible = ['\u0000', '\n', '\u007f', '\u0085', '\u00ad', '\u200b', '\u200d', '\u2028', '\u202e', '\u2066']
    const others = ['\ufeff', '\ufffd', '\uffff', '\ue000', '\ud800', '\udc00', '\u{e0041}', '\u{f0000}', '\u{10ffff}']
    refuses(short, 'bad-field', ...invisible, ...others)
  })
  it('has no opinion on characters that Unicode may assign later', () => accepts(short, '\u{1fadd}', '\u0378'))
  it('refuses empty text, a megabyte, and other types', () => {
    refuses(short, 'bad-field', '', 'a'.repeat(2 ** 20), 1, null, ['a'])
  })
})

describe('cid', () => {
  it('reads CIDs of its codecs', () => {
    accepts(directoryCid(), testCid('a'))
    accepts(fileCid(), testCid('a', 'file'), testCid('a', 'raw'))
    accepts(messageId(), testCid('a', 'message'))
  })
  it('refuses other codecs, and what only looks like a CID', () => {
    refuses(directoryCid(), 'bad-field', testCid('a', 'raw'), testCid('a', 'message'), String(testCid('a')))
    refuses(cid('raw'), 'bad-field', testCid('a'), new Uint8Array(36), null, {}, { '/': String(testCid('a', 'raw')) })
  })
})

describe('composed fields', () => {
  it('reads one of several words', () => {
    accepts(oneOf('a', 'b'), 'a', 'b')
    refuses(oneOf('a', 'b'), 'bad-field', 'c', '', null, 0, ['a'])
  })
  it('reads null where null is a value', () => {
    accepts(nullable(uint()), null, 1)
    refuses(nullable(uint()), 'bad-field', undefined, '1')
  })
  it('reads the first alternative that fits', () => {
    const field = either(oneOf('open'), list(uint(), { max: 2 }))
    accepts(field, 'open', [1, 2])
    refuses(field, 'bad-field', 'closed', [1, 2, 3])
  })
  it('reads lists within their length, item by item', () => {
    accepts(list(uint(), { min: 1, max: 2 }), [1], [1, 2])
    refuses(list(uint(), { min: 1, max: 2 }), 'bad-field', [], [1, 2, 3], [1, '2'], { 0: 1 }, new Uint8Array(1))
  })
  it('reads maps of short names', () => {
    accepts(mapOf(uint(), { max: 2 }), {}, { eta: 1, maxDrop: 2 })
    refuses(mapOf(uint(), { max: 2 }), 'bad-field', { a: 1, b: 2, c: 3 }, { A: 1 }, { 'a-b': 1 }, { a: 'x' }, [], null)
    refuses(mapOf(uint(), { max: 2 }), 'bad-field', { ['a'.repeat(33)]: 1 }, testCid('a'))
  })
  // fault 66
  it('keeps constructor as plain data', () => {
    const read = mapOf(uint(), { max: 2 }).read(JSON.parse('{"constructor": 1}'), 'field')
    assert.deepEqual(Object.entries(read), [['constructor', 1]])
    refuses(mapOf(uint(), { max: 2 }), 'bad-field', JSON.parse('{"__proto__": 1}'))
  })
})

describe('record', () => {
  const pair = record({ a: uint(), b: optional(uint()) })
  it('reads exactly its fields', () => accepts(pair, { a: 1 }, { a: 1, b: 2 }))
  it('refuses a field that is missing', () => refuses(pair, 'missing-field', {}, { b: 1 }))
  it('refuses a field that is unknown, whatever its name', () => {
    refuses(pair, 'unknown-field', { a: 1, c: 1 }, JSON.parse('{"a": 1, "__proto__": {}}'), { a: 1, constructor: 1 })
  })
  it('does not take inherited properties for fields', () => {
    refuses(record({ toString: uint() }), 'missing-field', {})
    refuses(pair, 'missing-field', Object.create({ a: 1 }))
  })
  it('refuses null for an optional field', () => refuses(pair, 'bad-field', { a: 1, b: null }))
  it('refuses what is no map', () => refuses(pair, 'bad-field', null, [], 'a', new Uint8Array(1), testCid('a'), 1))
  it('names the place of what is wrong', () => {
    const nested = record({ outer: list(record({ inner: uint() }), { max: 2 }) })
    assert.throws(() => nested.read({ outer: [{ inner: 1 }, { inner: -1 }] }, 'kind/1'), /kind\/1\.outer\[1\]\.inner/)
  })
})
