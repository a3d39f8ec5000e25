import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contribution } from '../../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, REGISTRY, VOTE_MESSAGES } from '../../../protocols/registry.ts'
import { precommit, prevote, proposal } from '../../../protocols/round/messages.ts'
import { fromHex, joinBytes } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { encodeEnvelope, isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { byteString, type Entry, entriesOf, head, inKeyOrder, list, map, text } from '../../support/protocols/cbor.ts'
import { contributionFields, listBy } from '../../support/protocols/messages.ts'
import { sign, signPayload, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'

const net = testNetwork()
const { network } = net
const key = testKey('author')
const slot = { network, round: 1, view: 0 }
const base = testCid('base')
const announced = sign(contribution, contributionFields(net), key)
/** One of each kind, and a second one of the next round. */
const MESSAGES: readonly Signed<unknown>[] = [1, 2].flatMap((round): Signed<unknown>[] => [
  sign(contribution, contributionFields(net, { round }), key),
  listBy(key, net, [], { round }),
  sign(proposal, { ...slot, round, validView: null, lineage: testCid('lineage', 'raw'), base }, key),
  sign(prevote, { ...slot, round, base }, key),
  sign(precommit, { ...slot, round, base }, key),
])
const bytes = (hex: string) => fromHex(hex) ?? assert.fail(`not hex: ${hex}`)

/** What opening says; whatever throws is a failure of the test. */
function reasonFor(envelope: Uint8Array): string {
  const opened = openEnvelope<{ kind: string; network: typeof network; author: Uint8Array }>(
    envelope,
    [...CONTRIBUTION_MESSAGES, ...VOTE_MESSAGES],
    network,
  )
  return isSigned(opened) ? 'opened' : opened.reason
}

const replaced = (payload: Uint8Array, name: string, value: Uint8Array): Uint8Array =>
  map(entriesOf(payload).map(([field, old]): Entry => [field, field === name ? value : old]))
const signedWith = (signed: Signed<unknown>, name: string, value: Uint8Array) =>
  signPayload(null, replaced(signed.payload, name, value), key).envelope

// fault 55
describe('a valid signature of one message', () => {
  it('is refused over every other kind and round', () => {
    for (const [i, of] of MESSAGES.entries()) {
      for (const [j, over] of MESSAGES.entries()) {
        const reason = reasonFor(encodeEnvelope(over.payload, of.signature))
        assert.equal(reason, i === j ? 'opened' : 'bad-signature', `${i} over ${j}`)
      }
    }
  })
})

// fault 56
describe('a signature or key of another length or type', () => {
  const envelope = (signature: Uint8Array) =>
    map(
      inKeyOrder([
        ['payload', byteString(announced.payload)],
        ['signature', signature],
      ]),
    )
  const cut = (length: number) => byteString(joinBytes([announced.signature, new Uint8Array(8)]).subarray(0, length))

  it('opens with 64 bytes', () => assert.equal(reasonFor(envelope(cut(64))), 'opened'))

  const wrong: Readonly<Record<string, Uint8Array>> = {
    '0 bytes': cut(0),
    '63 bytes': cut(63),
    '65 bytes': cut(65),
    text: text('a'.repeat(64)),
    'hex text': text(Buffer.from(announced.signature).toString('hex')),
    'a list of numbers': list([...announced.signature].map((byte) => head('uint', byte))),
    null: Uint8Array.of(0xf6),
    'a number': head('uint', 64),
    'a map': map([]),
  }
  for (const [name, signature] of Object.entries(wrong)) {
    it(`is refused and nothing is thrown: ${name}`, () => assert.equal(reasonFor(envelope(signature)), 'bad-field'))
  }

  it('is refused as an author, before the signature is looked at', () => {
    for (const value of [byteString(new Uint8Array(31)), byteString(new Uint8Array(33)), text('a'.repeat(32))]) {
      for (const signed of MESSAGES) assert.equal(reasonFor(signedWith(signed, 'author', value)), 'bad-field')
    }
  })
})

// fault 57
describe('dag-cbor that is not canonical', () => {
  const entries = entriesOf(announced.payload)
  const withRound = (hex: string) => signedWith(announced, 'round', bytes(hex))
  const forms: Readonly<Record<string, [envelope: Uint8Array, reason: string]>> = {
    'keys out of order': [signPayload(null, map(entries.toReversed()), key).envelope, 'not-canonical'],
    'a 16-bit float': [withRound('f93c00'), 'not-canonical'],
    'a 32-bit float': [withRound('fa3f800000'), 'not-canonical'],
    'a 64-bit float that is an integer': [withRound('fb3ff0000000000000'), 'not-canonical'],
    '-0': [withRound('fb8000000000000000'), 'not-canonical'],
    undefined: [withRound('f7'), 'not-canonical'],
    'a key that is not UTF-8': [
      signPayload(null, joinBytes([head('map', 1), text(bytes('6bff')), head('uint', 1)]), key).envelope,
      'not-canonical',
    ],
    'a key that is a surrogate': [
      signPayload(null, joinBytes([head('map', 1), text(bytes('eda080')), head('uint', 1)]), key).envelope,
      'not-canonical',
    ],
  }
  for (const [name, [envelope, reason]] of Object.entries(forms)) {
    it(`is refused though its signature holds: ${name}`, () => assert.equal(reasonFor(envelope), reason))
  }
})

// fault 58
describe('100,000 levels of nesting', () => {
  it('get no further than the walk of heads: lists, maps and tags', () => {
    const openers = { lists: '81', maps: 'a16161', tags: 'd82a' }
    for (const [name, opener] of Object.entries(openers)) {
      const nested = bytes(opener.repeat(100_000))
      assert.throws(
        () => decodeCanonical(nested, nested.length),
        (error: unknown) => error instanceof MalformedError && error.reason === 'too-deep',
        name,
      )
    }
  })

  it('are refused by every declaration, at the length that it allows', () => {
    for (const { declaration } of REGISTRY) {
      const nested = new Uint8Array(declaration.maxBytes).fill(0x81)
      assert.throws(() => declaration.decode(nested), /too-deep/, declaration.kind)
    }
  })
})

// fault 62
describe('numbers that no message may hold', () => {
  const numbers: Readonly<Record<string, string>> = {
    '2^53': '1b0020000000000000',
    '2^53 + 1': '1b0020000000000001',
    '2^64 - 1': '1bffffffffffffffff',
    '-1': '20',
    '-2^63': '3b7fffffffffffffff',
    NaN: 'fb7ff8000000000000',
    infinity: 'fb7ff0000000000000',
    '0.5': 'fb3fe0000000000000',
  }
  for (const [name, hex] of Object.entries(numbers)) {
    it(`are refused as a round, signature or not: ${name}`, () => {
      for (const signed of MESSAGES)
        assert.match(reasonFor(signedWith(signed, 'round', bytes(hex))), /^(bad-field|not-)/)
    })
  }

  it('are not confused with the largest that one may', () => {
    const largest = signedWith(announced, 'round', bytes('1b001fffffffffffff'))
    assert.equal(reasonFor(largest), 'opened')
  })
})

// fault 66
describe('fields named like what every object has', () => {
  it('are unknown fields, and change no object', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      for (const signed of MESSAGES) {
        const more = inKeyOrder([...entriesOf(signed.payload), [name, map([['polluted', head('uint', 1)]])]])
        assert.equal(reasonFor(signPayload(null, map(more), key).envelope), 'unknown-field', name)
      }
    }
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  it('stand for no field that is missing', () => {
    const without = entriesOf(announced.payload).filter(([name]) => name !== 'round')
    const inherited = map(inKeyOrder([...without, ['__proto__', map([['round', head('uint', 1)]])]]))
    assert.equal(reasonFor(signPayload(null, inherited, key).envelope), 'unknown-field')
  })
})
