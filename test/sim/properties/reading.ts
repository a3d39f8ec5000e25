import { createHash } from 'node:crypto'
import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'

/**
 * A second reader of what peers say, for the judges of a run: shares no code with `protocols` and `src`. It trusts the
 * encoding, and checks signatures by looking up what was really signed.
 */

const hashBytes = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
export const nameOfBytes = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64')
export const cidOf = (codec: number, bytes: Uint8Array): string =>
  String(CID.createV1(codec, createDigest(0x12, hashBytes(bytes))))
export const MESSAGE = 0x71
export const RAW = 0x55
export const DIRECTORY = 0x70

/** SHA-256 over parts with their lengths, as protocol.md 1 has it. */
export function hashOf(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'number' ? u64(part) : Buffer.from(part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hash.update(length).update(bytes)
  }
  return new Uint8Array(hash.digest())
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

export const fakeCid = (codec: number, ...parts: readonly (string | Uint8Array)[]): string =>
  String(CID.createV1(codec, createDigest(0x12, hashOf(...parts))))

export interface ReadEnvelope {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly id: string
  readonly author: string
}

export interface ReadList extends ReadEnvelope {
  readonly round: number
  readonly parent: string
  readonly ids: readonly string[]
}

export interface ReadContribution extends ReadEnvelope {
  readonly round: number
  readonly parent: string
  readonly checkpoint: CID
}

export interface ReadCertificate {
  readonly network: CID
  readonly round: number
  readonly view: number
  readonly base: CID
  readonly signatures: readonly { readonly author: Uint8Array; readonly signature: Uint8Array }[]
}

export interface ReadLineage {
  readonly network: string
  readonly round: number
  readonly parent: string
  readonly parentCertificate: Uint8Array | null
  readonly lists: readonly ReadList[]
  readonly inputs: readonly ReadContribution[]
  readonly excluded: readonly { readonly contribution: ReadContribution; readonly reason: string }[]
  readonly weights: CID
  readonly amendment: ReadAmendment | null
}

export interface ReadAmendment {
  readonly payload: Uint8Array
  readonly signatures: ReadCertificate['signatures']
  readonly previous: string | null
  readonly change: Change
}

/** What an amendment may change, as far as a run is judged by it. */
export interface Change {
  readonly add?: readonly { readonly key: Uint8Array }[]
  readonly remove?: readonly Uint8Array[]
  readonly quorum?: 'byzantine' | 'crash'
  readonly round?: Readonly<Record<string, number>>
  readonly rollback?: { readonly base: CID }
}

function readAmendment(bytes: Uint8Array): ReadAmendment {
  const read = dagCbor.decode<{ amendment: Uint8Array; signatures: ReadCertificate['signatures'] }>(bytes)
  const { previous, change } = dagCbor.decode<{ previous: CID | null; change: Change }>(read.amendment)
  return { payload: read.amendment, signatures: read.signatures, previous: previous && String(previous), change }
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

interface Payload {
  readonly author: Uint8Array
  readonly round: number
  readonly parent: CID
  readonly contributions: readonly CID[]
  readonly checkpoint: CID
}

function readEnvelope(bytes: Uint8Array): { envelope: ReadEnvelope; read: Payload } {
  const { payload, signature } = dagCbor.decode<{ payload: Uint8Array; signature: Uint8Array }>(bytes)
  const read = dagCbor.decode<Payload>(payload)
  return { envelope: { payload, signature, id: cidOf(MESSAGE, payload), author: hex(read.author) }, read }
}

function readContribution(bytes: Uint8Array): ReadContribution {
  const { envelope, read } = readEnvelope(bytes)
  return { ...envelope, round: read.round, parent: String(read.parent), checkpoint: read.checkpoint }
}

function readList(bytes: Uint8Array): ReadList {
  const { envelope, read } = readEnvelope(bytes)
  return { ...envelope, round: read.round, parent: String(read.parent), ids: read.contributions.map(String) }
}

export const readCertificate = (bytes: Uint8Array): ReadCertificate => dagCbor.decode<ReadCertificate>(bytes)

export function readLineage(bytes: Uint8Array): ReadLineage {
  const read = dagCbor.decode<{
    network: CID
    round: number
    parent: CID
    parentCertificate: Uint8Array | null
    lists: Uint8Array[]
    inputs: Uint8Array[]
    excluded: { envelope: Uint8Array; reason: string }[]
    weights: CID
    amendment?: Uint8Array
  }>(bytes)
  return {
    network: String(read.network),
    round: read.round,
    parent: String(read.parent),
    parentCertificate: read.parentCertificate,
    lists: read.lists.map(readList),
    inputs: read.inputs.map(readContribution),
    excluded: read.excluded.map(({ envelope, reason }) => ({ contribution: readContribution(envelope), reason })),
    weights: read.weights,
    amendment: read.amendment === undefined ? null : readAmendment(read.amendment),
  }
}

/** The bytes that a member's consent signs. */
export function approvalPayload(network: CID, author: Uint8Array, amendment: Uint8Array): Uint8Array {
  return dagCbor.encode({ kind: 'approval/1', network, author, amendment })
}

/** The bytes that a precommit of these fields signs. */
export function precommitPayload({ network, round, view, base }: ReadCertificate, author: Uint8Array): Uint8Array {
  return dagCbor.encode({ kind: 'precommit/1', network, author, round, view, base })
}
