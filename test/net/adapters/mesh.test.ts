import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openDatastore } from '../../../src/adapters/files/datastore.ts'
import { DEFAULT_HANDSHAKE_TIMEOUT_MS } from '../../../src/adapters/libp2p/limits.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { peerIdOf } from '../../../src/adapters/libp2p/peer-ids.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import { type ErrorCode, isColdmeshError } from '../../../src/ports/errors.ts'
import { putBlock } from './content.ts'
import { party } from './party.ts'
import {
  addressOf,
  connected,
  ears,
  identified,
  link,
  paired,
  saved,
  startNode,
  TOPIC,
  temporaryDirectory,
} from './support.ts'

const failsWith = (code: ErrorCode) => (error: unknown) => isColdmeshError(error, code)

describe('mesh', () => {
  it('names itself by the key that signs, and where it can be dialled', async () => {
    const seed = randomBytes(32)
    await using a = await startNode({ seed })
    assert.equal(a.mesh.self, peerIdOf(createSigner(seed).key))
    assert.match(addressOf(a), new RegExp(`^/ip4/127\\.0\\.0\\.1/tcp/\\d+/p2p/${a.mesh.self}$`))
  })

  it('tells others where it is reached instead of where it listens, and refuses to tell what nobody could dial', async () => {
    // An address of its own: the port that it listens on is told to nobody.
    const listen = `/ip4/127.${randomBytes(2).join('.')}.9/tcp/4001`
    await using a = await startNode({ listen: [listen], announce: ['/ip4/192.0.2.1/tcp/4001'] })
    await using b = await startNode()
    const told = `/ip4/192.0.2.1/tcp/4001/p2p/${a.mesh.self}`
    assert.deepEqual(a.mesh.addresses(), [told])
    const known = saved(b, a.mesh.self)
    await b.mesh.connect(`${listen}/p2p/${a.mesh.self}`)
    await known
    const { addresses } = await b.libp2p.peerStore.get(a.libp2p.peerId)
    assert.deepEqual(
      addresses.map(({ multiaddr }) => `${multiaddr}/p2p/${a.mesh.self}`),
      [told],
    )
    for (const address of ['somewhere', '/ip4/192.0.2.1', `/p2p/${a.mesh.self}`])
      await assert.rejects(startNode({ announce: [address] }), failsWith('bad-input'), address)
  })

  it('sees peers come and go', async () => {
    await using a = await startNode()
    const b = await startNode()
    const changes: [string, boolean][] = []
    const gone = Promise.withResolvers<void>()
    const stop = a.mesh.onChange(({ peer, connected: here }) => {
      changes.push([peer, here])
      if (!here) gone.resolve()
    })
    const peer = await a.mesh.connect(addressOf(b))
    assert.equal(peer.id, b.mesh.self)
    assert.deepEqual(
      a.mesh.peers().map(({ id }) => id),
      [b.mesh.self],
    )
    await b.stop()
    await gone.promise
    assert.deepEqual(changes, [
      [b.mesh.self, true],
      [b.mesh.self, false],
    ])
    assert.deepEqual(a.mesh.peers(), [])
    stop()
  })

  it('says unreachable, deadline or aborted when it cannot connect', async () => {
    await using a = await startNode()
    const b = await startNode()
    const address = addressOf(b)
    await b.stop()
    await assert.rejects(a.mesh.connect(address), failsWith('unreachable'))
    await assert.rejects(a.mesh.connect(b.mesh.self), failsWith('unreachable'))
    await assert.rejects(a.mesh.connect('somewhere'), failsWith('unreachable'))
    await assert.rejects(a.mesh.connect('/ip4/nowhere'), failsWith('unreachable'))
    await assert.rejects(a.mesh.connect(address, { signal: AbortSignal.abort() }), failsWith('aborted'))
    await using deaf = await deafServer()
    await assert.rejects(a.mesh.connect(deaf.address, { timeoutMs: 300 }), failsWith('deadline'))
  })

  it('refuses another peer at a known address', async () => {
    await using a = await startNode()
    await using b = await startNode()
    await using other = await startNode()
    const wrong = addressOf(b).replace(b.mesh.self, other.mesh.self)
    await assert.rejects(a.mesh.connect(wrong), failsWith('unreachable'))
  })

  // Fault 26: a peer behind a router that lets nobody in. There are no relays.
  it('works over the connections that it makes itself when it listens nowhere', async () => {
    await using inside = await party({}, { listen: [] })
    await using outside = await party()
    await using third = await startNode()
    const [heard, told] = [ears(outside.node), ears(inside.node)]
    await paired(inside.node, outside.node)
    await link(third, outside.node)
    await inside.node.gossip.publish(TOPIC, new TextEncoder().encode('announced'))
    await heard.heard('announced')
    await outside.node.gossip.publish(TOPIC, new TextEncoder().encode('answered'))
    await told.heard('answered')
    const cid = await putBlock(inside.store, randomBytes(1000))
    // It can state no address: the connection that is there has to do.
    assert.deepEqual(inside.node.mesh.addresses(), [])
    const fetched = await outside.store.fetch(cid, { shape: 'block', maxBytes: 1000, timeoutMs: 10_000 })
    assert.equal(fetched.bytes, 1000)
    await assert.rejects(third.mesh.connect(inside.node.mesh.self), (error) => {
      return isColdmeshError(error, 'unreachable') && /firewall/.test(error.hint ?? '')
    })
  })

  it('says refused when its port is taken, and can be stopped then', async () => {
    await using a = await startNode()
    const [listen = ''] = addressOf(a).split('/p2p/')
    await assert.rejects(startNode({ listen: [listen] }), failsWith('refused'))
  })

  it('starts and stops twice as once', async () => {
    const a = await startNode()
    await a.start()
    await Promise.all([a.stop(), a.stop()])
    await a.stop()
    await assert.rejects(a.start())
  })

  // Fault 18.
  it('closes a connection that never shakes hands', async () => {
    assert.ok(DEFAULT_HANDSHAKE_TIMEOUT_MS <= 10_000)
    await using a = await startNode({ handshakeTimeoutMs: 300 })
    const port = Number(addressOf(a).split('/')[4])
    const socket = connect(port, '127.0.0.1')
    socket.resume()
    const closed = Promise.withResolvers<void>()
    socket.on('error', () => {})
    socket.on('close', () => closed.resolve())
    await closed.promise
  })

  // Fault 28.
  it('comes up alone when every bootstrap is dead, and finds those that live', async () => {
    const dead = await startNode()
    const address = addressOf(dead)
    await dead.stop()
    await using b = await startNode()
    await using a = await startNode({ bootstrap: [address, 'rubbish', addressOf(b)] })
    await connected([a, b], 1)
  })
})

describe('a restarted node', () => {
  const seed = randomBytes(32)

  async function restart(directory: string): Promise<Libp2pNode & { close: () => Promise<void> }> {
    const datastore = await openDatastore(directory)
    const node = await startNode({ seed, datastore })
    return Object.assign(node, {
      close: async () => {
        await node.stop()
        await datastore.close()
      },
    })
  }

  // Fault 28.
  it('reconnects to the peers it knew, with no bootstrap', async () => {
    await using directory = await temporaryDirectory()
    await using b = await startNode()
    await using c = await startNode()
    const path = join(directory.path, 'datastore')
    const first = await restart(path)
    const bKnown = saved(first, b.mesh.self)
    const cKnown = saved(first, c.mesh.self)
    await link(first, b)
    await link(c, first)
    await Promise.all([bKnown, cKnown])
    await first.close()
    const second = await restart(path)
    try {
      await connected([second], 2)
    } finally {
      await second.close()
    }
  })

  it('reconnects to the peers it knew after kill -9', async () => {
    await using directory = await temporaryDirectory()
    await using b = await startNode()
    const path = join(directory.path, 'datastore')
    const script = new URL('./killed-node.ts', import.meta.url).pathname
    const args = ['--conditions=coldmesh-source', script, path, Buffer.from(seed).toString('hex'), addressOf(b)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const exited = once(child, 'exit')
    try {
      await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) })
    } finally {
      child.kill('SIGKILL')
      await exited
    }
    const again = await restart(path)
    try {
      await connected([again], 1)
      assert.equal(again.mesh.peers()[0]?.id, b.mesh.self)
    } finally {
      await again.close()
    }
  })

  it('does not keep strangers that only fetch blocks', async () => {
    await using directory = await temporaryDirectory()
    await using b = await startNode()
    for (const protocol of b.libp2p.getProtocols()) {
      if (protocol.startsWith('/meshsub/')) await b.libp2p.unhandle(protocol)
    }
    const path = join(directory.path, 'datastore')
    const first = await restart(path)
    await using c = await startNode()
    const known = identified(first, b.mesh.self)
    await link(first, b)
    await known
    const later = saved(first, c.mesh.self)
    await link(first, c)
    await later
    const peers = await first.libp2p.peerStore.all()
    assert.equal(peers.length, 2)
    assert.deepEqual(
      peers.filter(({ tags }) => tags.has('coldmesh')).map(({ id }) => id.toString()),
      [c.mesh.self],
    )
    await first.close()
  })
})

/** A TCP port that takes connections and says nothing. */
async function deafServer() {
  const server = createServer((socket) => socket.on('error', () => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    address: `/ip4/127.0.0.1/tcp/${address.port}`,
    async [Symbol.asyncDispose]() {
      server.close()
    },
  }
}
