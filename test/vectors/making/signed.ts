import * as dagCbor from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { joinBytes } from '../../../protocols/wire/bytes.ts'
import { encodeEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { ENVELOPE_OVERHEAD_BYTES } from '../../../protocols/wire/limits.ts'
import type { Declaration } from '../../../protocols/wire/message.ts'
import { byteString, entriesOf, inKeyOrder, map, text } from '../../support/protocols/cbor.ts'
import { fromBytes, GROUP_ORDER, toBytes } from '../../support/protocols/ed25519.ts'
import { rawSignature, signPayload, type TestKey, testCid } from '../../support/protocols/network.ts'
import { type Wrong, wrong } from './file.ts'
import { type Fields, malformedMaps, NOT_OBJECTS, tooLong, withValue } from './malformed.ts'

export interface SignedCase {
  readonly valid: Signed<unknown>
  readonly key: TestKey
  readonly declaration: Declaration<string, never> | { readonly kind: string; readonly maxBytes: number }
  readonly fields: Fields
  /** Largest payload that the topic carries. */
  readonly topicMaxBytes: number
  /** A message of the same author and fields whose signature must not do here, and its kind. */
  readonly otherKind: Signed<unknown>
  /** The same message in another network. */
  readonly otherNetwork: Signed<unknown>
}

/** The same signature with S + L: satisfies the equation, is another byte string. */
export function malleated(signature: Uint8Array): Uint8Array {
  const s = fromBytes(signature.subarray(32)) + GROUP_ORDER
  return joinBytes([signature.subarray(0, 32), toBytes(s)])
}

/** Every way in which an envelope of one kind can be wrong. */
export function malformedEnvelopes({ valid, key, fields, topicMaxBytes, ...others }: SignedCase): readonly Wrong[] {
  const signed = (payload: Uint8Array) => signPayload(null, payload, key).envelope
  const { payload, signature, envelope } = valid
  const payloads = [...malformedMaps(payload, fields), ...NOT_OBJECTS].map(({ name, bytes, reason }) => {
    if (!(bytes instanceof Uint8Array)) throw new Error('a payload is given byte by byte')
    const isNoMap = NOT_OBJECTS.some((other) => other.name === name) && reason === 'bad-field'
    return wrong(`payload: ${name}`, isNoMap ? 'unknown-kind' : reason, signed(bytes))
  })
  const kindOf = (kind: string) => map(withValue(entriesOf(payload), 'kind', text(kind)))
  const withAuthor = (author: Uint8Array) => map(withValue(entriesOf(payload), 'author', byteString(author)))
  const [name] = others.declaration.kind.split('/')
  return [
    wrong('the next major version', 'unknown-kind', signed(kindOf(`${name}/2`))),
    wrong('another topic’s kind', 'unknown-kind', signed(kindOf('report/1'))),
    wrong('the kind without its version', 'unknown-kind', signed(kindOf(name ?? ''))),
    wrong('no kind', 'unknown-kind', signed(map(entriesOf(payload).filter(([entry]) => entry !== 'kind')))),
    wrong('another network', 'wrong-network', others.otherNetwork.envelope),
    wrong('a signature over another kind', 'bad-signature', encodeEnvelope(payload, others.otherKind.signature)),
    wrong('a signature over another network', 'bad-signature', encodeEnvelope(payload, others.otherNetwork.signature)),
    wrong('a signature over the payload alone', 'bad-signature', encodeEnvelope(payload, rawSignature(payload, key))),
    wrong('a signature with S + L', 'bad-signature', encodeEnvelope(payload, malleated(signature))),
    wrong('a signature of zeros', 'bad-signature', encodeEnvelope(payload, new Uint8Array(64))),
    wrong(
      'another key’s signature',
      'bad-signature',
      encodeEnvelope(withAuthor(new Uint8Array(32).fill(5)), signature),
    ),
    wrong('an all-zero author', 'bad-signature', signed(withAuthor(new Uint8Array(32)))),
    wrong('the identity as author', 'bad-signature', identityForgery(withAuthor(toBytes(1n)))),
    wrong('a signature of 63 bytes', 'bad-field', encodeEnvelope(payload, signature.subarray(1))),
    wrong('a signature of 65 bytes', 'bad-field', encodeEnvelope(payload, joinBytes([signature, Uint8Array.of(0)]))),
    wrong('a signature as text', 'bad-field', dagCbor.encode({ payload, signature: 'a'.repeat(64) })),
    wrong('a payload as text', 'bad-field', dagCbor.encode({ payload: 'text', signature })),
    wrong('no signature', 'missing-field', dagCbor.encode({ payload })),
    wrong('a key id', 'unknown-field', dagCbor.encode({ payload, signature, keyid: 'a' })),
    wrong('envelope keys in reverse order', 'not-canonical', map(inKeyOrder(entriesOf(envelope)).toReversed())),
    wrong('a byte after the envelope', 'not-cbor', joinBytes([envelope, Uint8Array.of(0)])),
    wrong('half an envelope', 'not-cbor', envelope.subarray(0, envelope.length >> 1)),
    wrong('the payload without an envelope', 'unknown-field', payload),
    tooLong(topicMaxBytes + ENVELOPE_OVERHEAD_BYTES),
    ...payloads,
  ]
}

/** R = identity, S = 0 under the identity as key: the equation holds for every message. */
function identityForgery(payload: Uint8Array): Uint8Array {
  return encodeEnvelope(payload, joinBytes([toBytes(1n), new Uint8Array(32)]))
}

export const OTHER_NETWORK: CID = testCid('another network', 'message')
