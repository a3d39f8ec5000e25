import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { CID } from 'multiformats/cid'

const BITSWAP_PROTOCOL = '/ipfs/bitswap/1.2.0'
const BYTES = 2

/**
 * Tells `peer` that we no longer want `cid`. The library never does, and its other half does not send a block twice to
 * one that still wants it: asking again without this is asking the deaf.
 */
export async function cancelWant(libp2p: Libp2p, peer: string, cid: CID, signal: AbortSignal): Promise<void> {
  const stream = await libp2p.dialProtocol(peerIdFromString(peer), BITSWAP_PROTOCOL, { signal })
  try {
    stream.send(encodeCancel(cid))
    await stream.close({ signal })
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error('cancel failed'))
    throw error
  }
}

/** Bitswap message: wantlist (1) of one entry (1) with block (1), cancel (3); length before it. */
export function encodeCancel(cid: CID): Uint8Array {
  const entry = Buffer.concat([field(1, cid.bytes), Uint8Array.of(3 << 3, 1)])
  const message = field(1, field(1, entry))
  return Buffer.concat([varint(message.byteLength), message])
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of((number << 3) | BYTES), varint(bytes.byteLength), bytes])
}

function varint(value: number): Uint8Array {
  return value < 0x80 ? Uint8Array.of(value) : Uint8Array.of((value & 0x7f) | 0x80, ...varint(value >> 7))
}
