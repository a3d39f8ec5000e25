import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { equalBytes, fromHex, toHex } from '../../../../protocols/wire/bytes.ts'
import { shapeOf } from '../../../../protocols/wire/canonical.ts'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../../../protocols/wire/codec.ts'
import { cid } from '../../../../protocols/wire/fields.ts'
import { contributionBy } from '../../../support/protocols/messages.ts'
import { testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { bytesOf, readVectors, type Vector } from '../../../support/protocols/vectors.ts'

const vectors = readVectors<{ accepted: Vector[]; rejected: Vector[] }>('wire/codec.v1.json')

/** What decides without a look at the heads: null for what can't be decoded. */
function isCanonical(bytes: Uint8Array): boolean | null {
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch {
    return null
  }
  try {
    return equalBytes(dagCbor.encode(value), bytes)
  } catch {
    return false
  }
}

const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, -24, -25, -256, -257, -(2 ** 32)),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ maxLength: 300 }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(true, false, null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('/', '1')), tie('value'), {
      maxKeys: 5,
    }),
    fc.string().map((label) => testCid(label)),
  ),
}))

describe('shapeOf', () => {
  it('is sure of what peers say, so that it needs no re-encoding', () => {
    const net = testNetwork()
    const offer = { round: 3, parent: testCid('base'), checkpoint: testCid('checkpoint') }
    const { payload, envelope } = contributionBy(testKey('a'), net, offer)
    for (const bytes of [payload, envelope, net.bytes]) assert.equal(shapeOf(bytes), 'plain')
  })

  for (const vector of vectors.rejected.filter(({ reason }) => reason !== 'too-long')) {
    it(`is not sure of ${vector.name}`, () => {
      const bytes = bytesOf(vector)
      if (shapeOf(bytes) === 'plain') assert.equal(isCanonical(bytes), null)
    })
  }

  it('is never sure of what the re-encoding would refuse, whatever is changed in it', (t) => {
    let sure = 0
    const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 })
    const property = fc.property(values.value, changes, (value, changed) => {
      const bytes = encodeCanonical(value)
      for (const [at, byte] of changed) bytes[at % bytes.length] = byte
      if (shapeOf(bytes) !== 'plain') return
      sure++
      assert.notEqual(isCanonical(bytes), false, toHex(bytes))
    })
    fc.assert(property, { seed: testSeed(t), numRuns: 5000 })
    assert.ok(sure > 1000, `${sure} of 5000 were looked at`)
  })

  it('tells short bytes apart as the re-encoding does, all of them', () => {
    for (let number = 0; number < 65_536; number++) {
      const bytes = new Uint8Array([number >> 8, number & 0xff])
      if (shapeOf(bytes) === 'plain') assert.notEqual(isCanonical(bytes), false, toHex(bytes))
      const inMap = new Uint8Array([0xa2, 0x61, 0x62, 0, ...bytes, 0])
      if (shapeOf(inMap) === 'plain') assert.notEqual(isCanonical(inMap), false, toHex(inMap))
    }
  })

  it('is not sure of heads that are longer than they must be, nor of what ends early or late', () => {
    const long = [
      '1817',
      '1900ff',
      '1a0000ffff',
      '1b00000000ffffffff',
      '5801ff',
      '780161',
      '980100',
      'b801616100',
      'd9002a',
    ]
    for (const hex of [...long, '0000', '8000', '8100ff', '8201', '42ff', 'a16161'])
      assert.notEqual(shapeOf(fromHex(hex) ?? new Uint8Array()), 'plain', hex)
    for (const hex of ['1818', '190100', '1a00010000', '820000', 'a1616100'])
      assert.equal(shapeOf(fromHex(hex) ?? new Uint8Array()), 'plain', hex)
  })

  it('is not sure of keys that are out of order or twice there', () => {
    for (const keys of [
      '6162' + '00' + '6161',
      '6161' + '00' + '6161',
      '626161' + '00' + '6162',
      '60' + '00' + '6161',
    ]) {
      assert.equal(shapeOf(fromHex(`a2${keys}00`) ?? new Uint8Array()), 'unsure', keys)
    }
  })

  it('takes no map for a CID', () => {
    const { code, multihash } = testCid('base')
    const map = { '/': 'x', bytes: 'x', version: 1, code, multihash: { code: 0x12, digest: multihash.digest } }
    // The encoder takes the map itself for a CID, so it is put together out of its parts.
    const parts = Object.entries(map).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
    const bytes = Buffer.concat([
      Buffer.from([0xa5]),
      ...parts.flatMap(([k, v]) => [dagCbor.encode(k), dagCbor.encode(v)]),
    ])
    assert.equal(shapeOf(bytes), 'unsure')
    assert.throws(() => cid('dag-pb').read(decodeCanonical(bytes, 1000), 'map'), MalformedError)
  })
})
