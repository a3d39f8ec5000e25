import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'

/** The beginning of a CAR, version 1. */
export function carHeader(roots: readonly CID[]): Uint8Array {
  const header = encode({ version: 1, roots: [...roots] })
  const bytes = Buffer.allocUnsafe(varintBytes(header.byteLength) + header.byteLength)
  bytes.set(header, writeVarint(bytes, 0, header.byteLength))
  return bytes
}

/** What stands before a block: the length of CID and block, and the CID. */
export function blockPrefix(cid: CID, blockBytes: number): Uint8Array {
  const length = cid.bytes.byteLength + blockBytes
  const bytes = Buffer.allocUnsafe(varintBytes(length) + cid.bytes.byteLength)
  bytes.set(cid.bytes, writeVarint(bytes, 0, length))
  return bytes
}

/** A block with what stands before it. */
export function frameBytes(cid: CID, blockBytes: number): number {
  const length = cid.bytes.byteLength + blockBytes
  return varintBytes(length) + length
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let offset = at
  let rest = value
  while (rest >= 0x80) {
    target[offset++] = (rest & 0x7f) | 0x80
    rest = Math.floor(rest / 128)
  }
  target[offset++] = rest
  return offset
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) bytes++
  return bytes
}
