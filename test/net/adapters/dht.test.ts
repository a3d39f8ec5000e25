import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { networkTag } from '../../../src/adapters/libp2p/libp2p-options.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { putBlock } from './content.ts'
import { party } from './party.ts'
import { addressOf, identified, link, NETWORK, startNode } from './support.ts'

const PROTOCOL = `/coldmesh/${networkTag(NETWORK)}/kad/1.0.0`

/** Sends one raw DHT message and waits until the other side has ended the stream. */
async function tell(from: Libp2pNode, to: Libp2pNode, message: Uint8Array): Promise<void> {
  const stream = await from.libp2p.dialProtocol(peerIdFromString(to.mesh.self), PROTOCOL)
  const ended = Promise.withResolvers<void>()
  stream.addEventListener('message', () => {})
  stream.addEventListener('end', () => ended.resolve())
  stream.addEventListener('close', () => ended.resolve())
  stream.send(Buffer.concat([varint(message.byteLength), message]))
  await stream.close().catch(() => {})
  await ended.promise
}

describe('the DHT', () => {
  it('finds the address of a peer that only another peer knows', async () => {
    await using a = await startNode({ dht: true })
    await using b = await startNode({ dht: true })
    await using c = await startNode({ dht: true })
    const known = [identified(a, b.mesh.self), identified(b, a.mesh.self), identified(b, c.mesh.self)]
    await link(a, b)
    await link(c, b)
    await Promise.all(known)
    const peer = await a.mesh.connect(c.mesh.self, { timeoutMs: 15_000 })
    assert.equal(peer.id, c.mesh.self)
  })

  // Fault 29, of a DHT that knows nothing.
  it('ends a search that nobody can answer', async () => {
    await using a = await startNode({ dht: true })
    await using b = await startNode({ dht: true })
    await using gone = await startNode()
    await link(a, b)
    await gone.stop()
    await assert.rejects(a.mesh.connect(gone.mesh.self, { timeoutMs: 3000 }), (error) => {
      return isColdmeshError(error, 'unreachable') || isColdmeshError(error, 'deadline')
    })
  })

  // Fault 29, of liars: addresses that the DHT gives are a hint, bytes come from whoever announced them.
  it('leads nowhere when it lies, and keeps nobody from fetching what was announced', async () => {
    await using giver = await party()
    await using taker = await party({}, { dht: true })
    await using liar = await startNode({ dht: true })
    const asked = await answerWithLies(liar, giver.node.libp2p.peerId)
    const known = identified(taker.node, liar.mesh.self)
    await link(taker.node, liar)
    await known
    // A neighbour is asked once the table has it, a moment after it is known.
    for (let attempt = 0; attempt < MAX_ATTEMPTS && asked.count === 0; attempt++) {
      await assert.rejects(taker.node.mesh.connect(giver.node.mesh.self, { timeoutMs: 2000 }), (error) => {
        return isColdmeshError(error, 'unreachable') || isColdmeshError(error, 'deadline')
      })
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.ok(asked.count > 0, 'the liar was believed once')
    const cid = await putBlock(giver.store, randomBytes(1000))
    const fetched = await taker.store.fetch(cid, {
      shape: 'block',
      maxBytes: 1000,
      providers: [addressOf(giver.node)],
      timeoutMs: 10_000,
    })
    assert.equal(fetched.bytes, 1000)
    assert.ok(taker.node.mesh.peers().every(({ id }) => [giver.node.mesh.self, liar.mesh.self].includes(id)))
  })

  // Fault 30.
  it('keeps nothing that others ask it to keep', async () => {
    const datastore = new MemoryDatastore()
    await using b = await startNode({ dht: true, datastore })
    await using liar = await startNode()
    await link(liar, b)
    for (let i = 0; i < 10; i++) {
      // A public key under its own name is what the library takes from anybody.
      const { publicKey } = await generateKeyPair('Ed25519')
      const key = Buffer.concat([Buffer.from('/pk/'), publicKey.toMultihash().bytes])
      const record = Buffer.concat([field(1, key), field(2, publicKeyToProtobuf(publicKey))])
      await tell(liar, b, Buffer.concat([field(2, key), field(3, record)]))
      const cid = CID.createV1(0x55, create(0x12, randomBytes(32)))
      const provider = Buffer.concat([
        field(1, liar.libp2p.peerId.toMultihash().bytes),
        field(2, multiaddr('/ip4/192.0.2.1/tcp/1').bytes),
      ])
      await tell(liar, b, Buffer.concat([Uint8Array.of(8, ADD_PROVIDER), field(2, cid.bytes), field(9, provider)]))
    }
    const kept: string[] = []
    for await (const { key } of datastore.query({ prefix: '/dht' })) kept.push(key.toString())
    assert.deepEqual(kept, [])
  })

  it('does not mix networks', async () => {
    await using a = await startNode({ dht: true })
    await using b = await startNode({ dht: true, network: `${NETWORK.slice(0, -4)}aaaa` })
    const kad = (protocols: readonly string[]) => protocols.filter((protocol) => protocol.includes('/kad/'))
    assert.deepEqual(kad(a.libp2p.getProtocols()), [PROTOCOL])
    assert.notDeepEqual(kad(b.libp2p.getProtocols()), [PROTOCOL])
    assert.ok(a.libp2p.getProtocols().every((protocol) => !protocol.startsWith('/ipfs/kad')))
  })
})

/** Answers every question with a wrong address of `wanted`, and with peers that do not exist. */
async function answerWithLies(liar: Libp2pNode, wanted: PeerId): Promise<{ readonly count: number }> {
  const asked = { count: 0 }
  const strangers = await Promise.all(Array.from({ length: 8 }, () => generateKeyPair('Ed25519')))
  const ids = [wanted, ...strangers.map(({ publicKey }) => peerIdFromPublicKey(publicKey))]
  const closer = ids.map((id) => {
    return field(
      8,
      Buffer.concat([field(1, id.toMultihash().bytes), field(2, multiaddr('/ip4/127.0.0.1/tcp/9').bytes)]),
    )
  })
  const message = Buffer.concat([Uint8Array.of(8, FIND_NODE), ...closer])
  await liar.libp2p.unhandle(PROTOCOL)
  await liar.libp2p.handle(PROTOCOL, (stream) => {
    stream.addEventListener('message', () => {
      asked.count++
      stream.send(Buffer.concat([varint(message.byteLength), message]))
    })
  })
  return asked
}

const MAX_ATTEMPTS = 1000
const ADD_PROVIDER = 2
const FIND_NODE = 4

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.byteLength), bytes])
}

function varint(value: number): Uint8Array {
  return value < 128 ? Uint8Array.of(value) : Uint8Array.of((value & 127) | 128, ...varint(value >> 7))
}
