import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { equalBytes } from './bytes.ts'
import { shapeOf } from './canonical.ts'
import { sha256 } from './crypto.ts'
import { MAX_DEPTH } from './limits.ts'

const SHA2_256 = 0x12
const DAG_CBOR = 0x71
const RAW = 0x55

/** Bytes that are not what they should be. `reason` is a stable kebab-case code, `detail` names the place. */
export class MalformedError extends Error {
  readonly reason: string
  constructor(reason: string, detail: string) {
    super(`${reason}: ${detail}`)
    this.name = 'MalformedError'
    this.reason = reason
  }
}

/** Canonical dag-cbor, as a plain Uint8Array of its own memory. */
export function encodeCanonical(value: unknown): Uint8Array {
  return Uint8Array.from(dagCbor.encode(value))
}

/**
 * Decodes dag-cbor that must be exactly what `encodeCanonical` writes: length and depth are bounded before decoding, and
 * where the bytes alone don't tell that they are canonical, the re-encoding is compared with them.
 * @throws MalformedError `too-long`, `too-deep`, `not-cbor`, `not-canonical`
 */
export function decodeCanonical(bytes: Uint8Array, maxBytes: number): unknown {
  checkLength(bytes, maxBytes)
  const shape = shapeOf(bytes)
  // [REJECT] SPEC 1.2: no deeper than allowed.
  if (shape === 'too-deep') throw new MalformedError('too-deep', `more than ${MAX_DEPTH} levels`)
  // [REJECT] SPEC 1.3: canonical dag-cbor.
  if (shape === 'cut-off' || shape === 'indefinite-length') throw new MalformedError('not-cbor', shape)
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch (error) {
    throw new MalformedError('not-cbor', error instanceof Error ? error.message : 'undecodable')
  }
  if (shape === 'unsure' && !equalBytes(encodeAgain(value), bytes))
    throw new MalformedError('not-canonical', 'the re-encoding differs')
  return value
}

/** [REJECT] SPEC 1.1: no longer than allowed. @throws MalformedError `too-long` */
export function checkLength(bytes: Uint8Array, maxBytes: number): void {
  if (bytes.length > maxBytes) throw new MalformedError('too-long', `${bytes.length} bytes, at most ${maxBytes}`)
}

function encodeAgain(value: unknown): Uint8Array {
  try {
    return dagCbor.encode(value)
  } catch (error) {
    throw new MalformedError('not-canonical', error instanceof Error ? error.message : 'cannot be encoded')
  }
}

/** CIDv1, dag-cbor, sha2-256 of payload bytes: the id of a message. Never over a signature. */
export function idOf(payload: Uint8Array): CID {
  return CID.createV1(DAG_CBOR, createDigest(SHA2_256, sha256(payload)))
}

/** CIDv1, raw, sha2-256: the CID of a file of one leaf. */
export function rawCid(bytes: Uint8Array): CID {
  return CID.createV1(RAW, createDigest(SHA2_256, sha256(bytes)))
}
