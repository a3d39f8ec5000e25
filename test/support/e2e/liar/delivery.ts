import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'

const BITSWAP_PROTOCOL = '/ipfs/bitswap/1.2.0'
const BYTES = 2
/** Of a CID, all but the digest: version, codec, hash and its length, a byte each. */
const PREFIX_BYTES = 4

export interface Block {
  readonly cid: CID
  readonly bytes: Uint8Array
}

/** How a liar answers whoever asks it for blocks, whichever they are. */
export type Delivery = (peer: PeerId, libp2p: Libp2p) => Promise<void>

/** It takes every question and says nothing. */
export const silence: Delivery = async () => {}

/** Something else comes instead: right in form, and of another CID. */
export function otherBytes(blocks: readonly Block[]): Delivery {
  const wrong = blocks.map(({ cid, bytes }) => ({ cid, bytes: bytes.map((value) => value ^ 1) }))
  return (peer, libp2p) => sendBlocks(libp2p, peer, wrong)
}

/** The right blocks, one byte a second: a message that would take half a month. */
export function oneByteASecond(blocks: readonly Block[]): Delivery {
  const served = new Set<string>()
  return async (peer, libp2p) => {
    if (served.has(peer.toString())) return
    served.add(peer.toString())
    const stream = await libp2p.dialProtocol(peer, BITSWAP_PROTOCOL)
    const message = encodeMessage(blocks)
    let sent = 0
    const timer = setInterval(() => {
      if (stream.status === 'open') stream.send(message.subarray(sent, ++sent))
    }, 1000)
    stream.addEventListener('close', () => {
      clearInterval(timer)
      served.delete(peer.toString())
    })
  }
}

/** The right blocks at once to one peer, and another delivery to all others. */
export function onlyTo(favoured: string, blocks: readonly Block[], toOthers: Delivery): Delivery {
  return async (peer, libp2p) => {
    if (peer.toString() === favoured) await sendBlocks(libp2p, peer, blocks)
    else await toOthers(peer, libp2p)
  }
}

/** Answers bitswap in the place of a content store. */
export async function deliverBy(libp2p: Libp2p, delivery: Delivery): Promise<void> {
  await libp2p.handle(BITSWAP_PROTOCOL, (stream, connection) => {
    stream.addEventListener('message', () => {
      // Who asks may be gone before it is answered.
      void delivery(connection.remotePeer, libp2p).catch(() => {})
    })
    void stream.close()
  })
}

/** Sends blocks by bitswap, asked or not. */
export async function sendBlocks(libp2p: Libp2p, peer: PeerId, blocks: readonly Block[]): Promise<void> {
  const stream = await libp2p.dialProtocol(peer, BITSWAP_PROTOCOL)
  stream.send(encodeMessage(blocks))
  await stream.close()
}

/** Bitswap message: blocks (3), each with the prefix of its CID (1) and data (2); length before it. */
function encodeMessage(blocks: readonly Block[]): Uint8Array {
  const entries = blocks.map(({ cid, bytes }) =>
    field(3, Buffer.concat([field(1, cid.bytes.subarray(0, PREFIX_BYTES)), field(2, bytes)])),
  )
  const message = Buffer.concat(entries)
  return Buffer.concat([varint(message.byteLength), message])
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of((number << 3) | BYTES), varint(bytes.byteLength), bytes])
}

function varint(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, ...varint(Math.floor(value / 128)))
}
