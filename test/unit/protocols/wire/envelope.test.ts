import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CID } from 'multiformats/cid'
import { contribution } from '../../../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, VOTE_MESSAGES } from '../../../../protocols/registry.ts'
import { precommit, prevote } from '../../../../protocols/round/messages.ts'
import { fromHex, toHex } from '../../../../protocols/wire/bytes.ts'
import { idOf } from '../../../../protocols/wire/codec.ts'
import {
  encodeEnvelope,
  isSigned,
  openEnvelope,
  PAYLOAD_TYPE,
  preAuthentication,
} from '../../../../protocols/wire/envelope.ts'
import { ENVELOPE_OVERHEAD_BYTES } from '../../../../protocols/wire/limits.ts'
import { flipBit, sampleBits } from '../../../support/protocols/flips.ts'
import { contributionBy } from '../../../support/protocols/messages.ts'
import { sign, testCid, testKey, testNetwork } from '../../../support/protocols/network.ts'
import { testSeed } from '../../../support/protocols/seed.ts'
import { readVectors } from '../../../support/protocols/vectors.ts'

const net = testNetwork()
const { network } = net
const key = testKey('author')
const vote = sign(prevote, { network, round: 1, view: 0, base: testCid('base') }, key)

interface AnyMessage {
  readonly kind: string
  readonly network: CID
  readonly author: Uint8Array
}
type Declarations = Parameters<typeof openEnvelope<AnyMessage>>[1]

const reasonFor = (envelope: Uint8Array, declarations: Declarations = [prevote], of = network) => {
  const opened = openEnvelope(envelope, declarations, of)
  return isSigned(opened) ? 'opened' : opened.reason
}

describe('preAuthentication', () => {
  const { payloadType, vectors } = readVectors<{ payloadType: string; vectors: { payload: string; signed: string }[] }>(
    'wire/pre-authentication.v1.json',
  )

  it('gives the bytes of every vector', () => {
    assert.equal(payloadType, PAYLOAD_TYPE)
    for (const { payload, signed } of vectors) {
      assert.equal(toHex(preAuthentication(fromHex(payload) ?? assert.fail())), signed)
    }
  })

  it('is the encoding of DSSE version 1', () => {
    const text = new TextDecoder().decode(preAuthentication(new TextEncoder().encode('hello world')))
    assert.equal(text, `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} 11 hello world`)
  })
})

describe('openEnvelope', () => {
  it('gives the message, its id, and the bytes that were signed', () => {
    const opened = openEnvelope(vote.envelope, [prevote], network)
    assert.ok(isSigned(opened))
    assert.deepEqual(opened, vote)
    assert.deepEqual(opened.id, idOf(vote.payload))
  })

  it('gives one id to two signatures of one payload', () => {
    const other = openEnvelope(encodeEnvelope(vote.payload, vote.signature), [prevote], network)
    assert.ok(isSigned(other))
    assert.deepEqual(other.id, vote.id)
    assert.notDeepEqual(idOf(vote.envelope), vote.id)
  })

  it('opens the kinds that it is asked for and no other', () => {
    assert.equal(reasonFor(vote.envelope, [...VOTE_MESSAGES]), 'opened')
    assert.equal(reasonFor(vote.envelope, [...CONTRIBUTION_MESSAGES]), 'unknown-kind')
    assert.equal(reasonFor(contributionBy(key, net).envelope, [...VOTE_MESSAGES]), 'unknown-kind')
  })

  // fault 55
  it('refuses a signature replayed over another kind, round, view, base or network', () => {
    const fields = { network, round: 1, view: 0, base: testCid('base') }
    const replays = [
      sign(precommit, fields, key),
      sign(prevote, { ...fields, round: 2 }, key),
      sign(prevote, { ...fields, view: 1 }, key),
      sign(prevote, { ...fields, base: null }, key),
      sign(prevote, { ...fields, network: testCid('another', 'message') }, key),
      sign(prevote, fields, testKey('another')),
    ]
    for (const { signature } of replays) {
      assert.equal(reasonFor(encodeEnvelope(vote.payload, signature)), 'bad-signature')
    }
  })

  it('refuses another network before it checks the signature', () => {
    const unsigned = encodeEnvelope(vote.payload, new Uint8Array(64))
    assert.equal(reasonFor(unsigned, [prevote], testCid('another', 'message')), 'wrong-network')
  })

  it('remembers what it opened, and for another kind or network not at all', () => {
    const again = openEnvelope(Uint8Array.from(vote.envelope), [prevote], network)
    assert.equal(again, openEnvelope(vote.envelope, [prevote], network))
    assert.equal(reasonFor(vote.envelope, [precommit]), 'unknown-kind')
    assert.equal(reasonFor(vote.envelope, [prevote], testCid('another', 'message')), 'wrong-network')
  })

  it('remembers no envelope that it refused, and none after its bytes were changed in place', () => {
    const wrong = encodeEnvelope(vote.payload, new Uint8Array(64).fill(1))
    for (let time = 0; time < 2; time++) assert.equal(reasonFor(wrong), 'bad-signature')
    const bytes = Uint8Array.from(sign(prevote, { network, round: 9, view: 0, base: null }, key).envelope)
    assert.equal(reasonFor(bytes), 'opened')
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    assert.equal(reasonFor(bytes), 'bad-signature')
  })

  it('allows a payload of its limit whatever the envelope adds', () => {
    const overhead =
      encodeEnvelope(new Uint8Array(contribution.maxBytes), new Uint8Array(64)).length - contribution.maxBytes
    assert.ok(overhead <= ENVELOPE_OVERHEAD_BYTES, `${overhead} bytes`)
    assert.ok(encodeEnvelope(new Uint8Array(100_000), new Uint8Array(64)).length - 100_000 <= ENVELOPE_OVERHEAD_BYTES)
  })

  it('refuses an envelope with any one bit flipped', (t) => {
    for (const { envelope } of [vote, contributionBy(key, net)]) {
      for (const bit of sampleBits(envelope, 400, testSeed(t))) {
        const flipped = flipBit(envelope, bit)
        assert.notEqual(reasonFor(flipped, [...VOTE_MESSAGES, contribution]), 'opened', `bit ${bit}`)
      }
    }
  })

  it('gives a verdict on random bytes', (t) => {
    const property = fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      const opened = openEnvelope(bytes, [prevote], network)
      assert.ok(!isSigned(opened) && opened.verdict === 'reject' && opened.reason.length > 0)
    })
    fc.assert(property, { seed: testSeed(t), numRuns: 500 })
  })
})
