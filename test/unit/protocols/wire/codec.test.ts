import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toHex } from '../../../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, idOf, MalformedError, rawCid } from '../../../../protocols/wire/codec.ts'
import { MAX_DEPTH } from '../../../../protocols/wire/limits.ts'
import { testCid } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { bytesOf, readVectors, type Vector } from '../../../support/protocols/vectors.ts'

const vectors = readVectors<{ maxBytes: number; accepted: Vector[]; rejected: Vector[] }>('wire/codec.v1.json')

const malformed = (reason: string) => (error: unknown) => error instanceof MalformedError && error.reason === reason

describe('decodeCanonical', () => {
  for (const vector of vectors.accepted) {
    it(`reads and writes back ${vector.name}`, () => {
      const value = decodeCanonical(bytesOf(vector), vectors.maxBytes)
      assert.equal(toHex(encodeCanonical(value)), vector.hex)
    })
  }
  // faults 57, 58 and 62
  for (const vector of vectors.rejected) {
    it(`refuses ${vector.name}`, () => {
      assert.throws(() => decodeCanonical(bytesOf(vector), vectors.maxBytes), malformed(vector.reason ?? ''))
    })
  }

  it('refuses one byte more than allowed before it looks inside', () => {
    const bytes = encodeCanonical(new Uint8Array(100))
    assert.ok(decodeCanonical(bytes, bytes.length))
    assert.throws(() => decodeCanonical(bytes, bytes.length - 1), malformed('too-long'))
  })

  it('reads as many levels as allowed and not one more', () => {
    const nested = (levels: number) => Uint8Array.from({ length: levels }, (_, i) => (i === levels - 1 ? 0x80 : 0x81))
    assert.ok(decodeCanonical(nested(MAX_DEPTH), 100))
    assert.throws(() => decodeCanonical(nested(MAX_DEPTH + 1), 100), malformed('too-deep'))
  })

  it('counts maps and tags as levels', () => {
    const maps = new Uint8Array([...Array.from({ length: 17 }, () => [0xa1, 0x61, 0x61]).flat(), 0])
    assert.throws(() => decodeCanonical(maps, 1000), malformed('too-deep'))
    assert.throws(() => decodeCanonical(new Uint8Array(17).fill(0xd8), 1000), MalformedError)
  })

  it('does not count siblings as levels', () => {
    assert.ok(decodeCanonical(encodeCanonical(Array.from({ length: 1000 }, () => [[], {}])), 10_000))
  })

  // fault 58
  it('refuses a million lists in each other at once, without recursion', () => {
    assert.throws(() => decodeCanonical(new Uint8Array(1_000_000).fill(0x81), 1_000_000), malformed('too-deep'))
  })

  // fault 66
  it('keeps __proto__ as plain data', () => {
    const bytes = new Uint8Array([0xa1, 0x69, ...new TextEncoder().encode('__proto__'), 0xa1, 0x61, 0x61, 1])
    const value = decodeCanonical(bytes, 100)
    assert.ok(typeof value === 'object' && value !== null)
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.deepEqual(Object.keys(value), ['__proto__'])
  })

  it('reads back whatever encodeCanonical writes, to the same bytes', (t) => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.maxSafeInteger().map((n) => n + 0),
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }), tie('value'), { maxKeys: 5 }),
        fc.string().map((label) => testCid(label)),
      ),
    }))
    const property = fc.property(values.value, (value) => {
      const bytes = encodeCanonical(value)
      assert.deepEqual(encodeCanonical(decodeCanonical(bytes, bytes.length)), bytes)
    })
    fc.assert(property, { seed: testSeed(t), numRuns: 300 })
  })
})

describe('encodeCanonical', () => {
  it('gives a Uint8Array of its own memory, not a view of a pool', () => {
    for (const size of [1, 100, 300, 2000, 20_000]) {
      const bytes = encodeCanonical({ payload: new Uint8Array(size), signature: new Uint8Array(64) })
      assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
      assert.equal(bytes.buffer.byteLength, bytes.length)
    }
  })

  it('sorts keys by length, then bytewise', () => {
    assert.equal(toHex(encodeCanonical({ b: 0, aa: 0, a: 0 })), 'a361610061620062616100')
  })
})

describe('ids', () => {
  it('are sha2-256 CIDs of the bytes', () => {
    assert.equal(String(idOf(new Uint8Array())), 'bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
    assert.equal(String(rawCid(new Uint8Array())), 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  })
})
