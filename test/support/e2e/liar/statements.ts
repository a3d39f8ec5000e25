import { randomBytes } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import type { Contribution } from '../../../../protocols/contribution/messages.ts'
import type { TopicName } from '../../../../protocols/registry.ts'
import { encodeEnvelope } from '../../../../protocols/wire/envelope.ts'
import { malleated } from '../../../vectors/making/signed.ts'
import { newKey, type Statement, signPayload, stateAnyCheckpoint, stateContribution } from './contribution.ts'

/** A message that no member may take, and what each must say of it. */
export interface StatementLie {
  readonly name: string
  readonly topic: TopicName
  readonly envelope: Uint8Array
  /** Null where the message can't be read, and so has no id. */
  readonly id: string | null
  readonly reason: string
}

export interface StatementFacts {
  /** Fields of a good contribution to the round being run, which is not the first. */
  readonly good: Pick<Contribution, 'network' | 'round' | 'parent' | 'checkpoint' | 'bytes'>
  readonly baseWeights: CID
  /** The base of a round before. */
  readonly olderBase: CID
}

/** Every contribution that its message alone gives away. */
export function statementLies({ good, baseWeights, olderBase }: StatementFacts): readonly StatementLie[] {
  const key = newKey()
  const valid = stateContribution(good, key)
  const state = (fields: Partial<Contribution>) => stateContribution({ ...good, ...fields })
  const tooLong = { ...valid, envelope: encodeEnvelope(new Uint8Array(2100), valid.signature) }
  return [
    judged('the base of an older round as parent', state({ parent: olderBase }), 'wrong-parent'),
    judged('a round that is over', state({ round: good.round - 1, parent: olderBase }), 'past-round'),
    judged('the base itself', state({ checkpoint: baseWeights }), 'no-change'),
    judged('a file of another size', state({ bytes: good.bytes - 4 }), 'wrong-size'),
    judged('a voucher', state({ voucher: new Uint8Array(1) }), 'unsupported-voucher'),
    unread('another network', state({ network: otherGenesis() }).envelope, 'wrong-network'),
    unread('a signature of something else', signedBy(valid, newKey().sign(valid.payload)), 'bad-signature'),
    unread('a signature with S + L', signedBy(valid, malleated(valid.signature)), 'bad-signature'),
    unread('half a message', valid.envelope.subarray(0, valid.envelope.length >> 1), 'not-cbor'),
    unread('random bytes', Uint8Array.of(0xff, ...randomBytes(300)), 'not-cbor'),
    unread('more than a contribution may have', tooLong.envelope, 'too-long'),
    unread('no fields', signPayload(Uint8Array.of(0xa0), key).envelope, 'unknown-kind'),
    { ...unread('the wrong topic', valid.envelope, 'unknown-kind'), topic: 'votes' },
    ...exoticCids(good.checkpoint).map(([name, cid]) =>
      unread(`a CID ${name}`, stateAnyCheckpoint(valid, cid, newKey()).envelope, 'bad-field'),
    ),
  ]
}

function judged(name: string, { envelope, id }: Statement, reason: string): StatementLie {
  return { name, topic: 'contributions', envelope, id, reason }
}

function unread(name: string, envelope: Uint8Array, reason: string): StatementLie {
  return { name, topic: 'contributions', envelope, id: null, reason }
}

function signedBy({ payload }: Statement, signature: Uint8Array): Uint8Array {
  return encodeEnvelope(payload, signature)
}

function otherGenesis(): CID {
  return CID.createV1(0x71, createDigest(0x12, new Uint8Array(randomBytes(32))))
}

/** Fault 34: names that other software reads, for the same bytes or a part of their digest. */
function exoticCids({ multihash: { digest } }: CID): readonly (readonly [string, CID])[] {
  return [
    ['of version 0', CID.createV0(createDigest(0x12, digest))],
    ['that is its content', CID.createV1(0x55, createDigest(0x00, digest.slice(0, 10)))],
    ['of 160 bits', CID.createV1(0x55, createDigest(0x12, digest.slice(0, 20)))],
    ['of blake3', CID.createV1(0x55, createDigest(0x1e, digest))],
    ['of one byte', CID.createV1(0x55, createDigest(0x12, digest.slice(0, 1)))],
  ]
}
