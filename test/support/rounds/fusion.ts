import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { lineage } from '../../../protocols/lineage/messages.ts'
import { rawCid } from '../../../protocols/wire/codec.ts'
import { hashParts } from '../../../protocols/wire/crypto.ts'
import type { NetworkFacts } from '../../../src/rounds/network.ts'
import type { BuildSpec } from '../../../src/rounds/state.ts'

/** A base whose weights are the hash of its inputs' names: fusion without numbers, with a real lineage. */
export interface FakeBase {
  readonly base: CID
  readonly lineage: CID
  readonly bytes: Uint8Array
  readonly spec: BuildSpec
}

const fileOf = (...parts: readonly (string | Uint8Array)[]) =>
  CID.createV1(0x55, createDigest(0x12, hashParts(...parts)))
const directoryOf = (...parts: readonly (string | Uint8Array)[]) =>
  CID.createV1(0x70, createDigest(0x12, hashParts(...parts)))

export function buildFake(network: NetworkFacts, spec: BuildSpec): FakeBase {
  const isEmpty = spec.inputs.length === 0
  const weights = isEmpty
    ? (spec.rollback?.weights ?? spec.parent.weights)
    : fileOf('weights', spec.parent.weights.bytes, ...spec.inputs.map((input) => input.checkpoint.bytes))
  const bytes = lineage.encode({
    network: network.id,
    round: spec.round,
    parent: spec.parent.base,
    parentCertificate: spec.parentCertificate,
    lists: spec.lists,
    inputs: spec.inputs.map((input) => input.signed.envelope),
    excluded: spec.excluded.map(({ contribution, reason }) => ({ envelope: contribution.signed.envelope, reason })),
    fusion: spec.parent.regime.current.terms.fusion,
    weights,
    ...(spec.amendment === null ? {} : { amendment: spec.amendment }),
  })
  const cid = rawCid(bytes)
  return { base: directoryOf('base', cid.bytes, weights.bytes), lineage: cid, bytes, spec }
}
