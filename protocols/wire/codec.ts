import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { equalBytes } from './bytes.ts'
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
 * Decodes dag-cbor that must be exactly what `encodeCanonical` writes: length and depth are bounded before decoding,
 * and the re-encoding is compared with the received bytes.
 * @throws MalformedError `too-long`, `too-deep`, `not-cbor`, `not-canonical`
 */
export function decodeCanonical(bytes: Uint8Array, maxBytes: number): unknown {
  checkLength(bytes, maxBytes)
  // [REJECT] SPEC 1.2: no deeper than allowed.
  checkDepth(bytes)
  // [REJECT] SPEC 1.3: canonical dag-cbor.
  let value: unknown
  try {
    value = dagCbor.decode(bytes)
  } catch (error) {
    throw new MalformedError('not-cbor', error instanceof Error ? error.message : 'undecodable')
  }
  if (!equalBytes(encodeAgain(value), bytes)) throw new MalformedError('not-canonical', 'the re-encoding differs')
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

/** Walks the heads of the items without recursion, so that deep nesting costs nothing. */
function checkDepth(bytes: Uint8Array): void {
  const open: number[] = [] // items left in each open array or map
  let at = 0
  while (at < bytes.length) {
    const head = bytes[at] ?? 0
    const major = head >> 5
    const [argument, size] = readArgument(bytes, at)
    at += size
    if (major === 2 || major === 3) at += argument
    if (major === 4 || major === 5 || major === 6) {
      open.push(major === 5 ? 2 * argument : major === 6 ? 1 : argument)
      if (open.length > MAX_DEPTH) throw new MalformedError('too-deep', `more than ${MAX_DEPTH} levels`)
    } else closeItem(open)
    while (open.length > 0 && open.at(-1) === 0) {
      open.pop()
      closeItem(open)
    }
    if (open.length === 0) break
  }
}

function closeItem(open: number[]): void {
  const last = open.length - 1
  if (last >= 0) open[last] = (open[last] ?? 0) - 1
}

function readArgument(bytes: Uint8Array, at: number): [argument: number, size: number] {
  const short = (bytes[at] ?? 0) & 31
  if (short < 24) return [short, 1]
  if (short > 27) throw new MalformedError('not-cbor', 'indefinite length')
  const length = 1 << (short - 24)
  if (at + 1 + length > bytes.length) throw new MalformedError('not-cbor', 'cut off')
  let argument = 0
  for (let i = 1; i <= length; i++) argument = argument * 256 + (bytes[at + i] ?? 0)
  return [argument, 1 + length]
}

/** CIDv1, dag-cbor, sha2-256 of payload bytes: the id of a message. Never over a signature. */
export function idOf(payload: Uint8Array): CID {
  return CID.createV1(DAG_CBOR, createDigest(SHA2_256, sha256(payload)))
}

/** CIDv1, raw, sha2-256: the CID of a file of one leaf. */
export function rawCid(bytes: Uint8Array): CID {
  return CID.createV1(RAW, createDigest(SHA2_256, sha256(bytes)))
}
