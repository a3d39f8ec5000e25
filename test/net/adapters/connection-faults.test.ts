import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { DEFAULT_MUXER_STREAMS } from '../../../src/adapters/libp2p/limits.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { isColdmeshError } from '../../../src/ports/errors.ts'
import { bareNode, fromAnotherHost } from './bare.ts'
import { addressOf, link, startNode, until } from './support.ts'

const ATTACKERS = 100
const AT_ONCE = 20
const PER_HOST = 4
const STREAMS = 2_000
const PROTOCOL = '/coldmesh/test/1'
const MIB = 1024 * 1024

const inboundOf = (node: Libp2pNode) => node.libp2p.getConnections().filter(({ direction }) => direction === 'inbound')

async function asks(client: Libp2pNode, server: Libp2pNode): Promise<number> {
  const peer = server.mesh.self
  const answer = client.streams.request({
    peer,
    protocol: PROTOCOL,
    request: new Uint8Array(1),
    maxBytes: 64 * MIB,
    timeoutMs: 30_000,
  })
  let bytes = 0
  for await (const frame of answer) bytes += frame.byteLength
  return bytes
}

describe('connections under attack', () => {
  // Fault 10: keys are free, addresses are not.
  it(`keeps ${PER_HOST} of ${ATTACKERS} keys of one host, and takes in an honest peer of another`, async () => {
    await using b = await startNode({ isLoopbackExempt: false, inboundPerHost: PER_HOST })
    await using before = await startNode()
    await link(b, before)
    await using stack = new AsyncDisposableStack()
    const attackers = await Promise.all(Array.from({ length: ATTACKERS }, async () => stack.use(await bareNode())))
    const target = multiaddr(addressOf(b))
    const dialled: PromiseSettledResult<unknown>[] = []
    for (let from = 0; from < ATTACKERS; from += AT_ONCE) {
      const some = attackers.slice(from, from + AT_ONCE)
      dialled.push(...(await Promise.allSettled(some.map((attacker) => attacker.dial(target)))))
    }
    assert.ok(dialled.some(({ status }) => status === 'rejected'))
    assert.ok(inboundOf(b).length > 0, 'some came in')
    assert.ok(inboundOf(b).length <= PER_HOST, `${inboundOf(b).length} of one host`)
    await using door = await fromAnotherHost(b)
    await using honest = await startNode()
    await honest.mesh.connect(door.address)
    const isIn = () => b.mesh.peers().some(({ id }) => id === honest.mesh.self)
    await until('the honest peer is in', isIn, (look) => b.mesh.onChange(look))
    const peers = b.mesh.peers().map(({ id }) => id)
    assert.ok(peers.includes(before.mesh.self), 'and one that was there before')
    assert.ok(inboundOf(b).length <= PER_HOST + 1)
  })

  // Fault 21.
  it(`holds no more than ${DEFAULT_MUXER_STREAMS} of ${STREAMS} streams on one connection, and serves others`, async () => {
    await using b = await startNode()
    await b.streams.serve(PROTOCOL, async function* () {
      yield new Uint8Array(1)
    })
    await using liar = await bareNode()
    await using honest = await startNode()
    await link(honest, b)
    const connection = await liar.dial(multiaddr(addressOf(b)))
    let most = 0
    const opening = Array.from({ length: STREAMS }, () =>
      connection.newStream(PROTOCOL, { maxOutboundStreams: STREAMS + 1, signal: AbortSignal.timeout(5000) }),
    )
    const settled = Promise.allSettled(opening)
    for (let turn = 0; turn < 5; turn++) {
      assert.equal(await asks(honest, b), 1)
      const [theirs] = b.libp2p.getConnections(liar.peerId)
      most = Math.max(most, theirs?.streams.filter(({ direction }) => direction === 'inbound').length ?? 0)
    }
    await connection.close().catch(() => {})
    const refused = (await settled).filter(({ status }) => status === 'rejected').length
    assert.ok(most <= DEFAULT_MUXER_STREAMS, `${most} at once`)
    assert.ok(refused >= STREAMS - 2 * DEFAULT_MUXER_STREAMS, `${refused} were refused`)
  })

  // Fault 23: the runner fails a test in which an exception or rejection is left to nobody.
  it('takes a connection that is cut while a writer waits for its reader', async () => {
    await using b = await startNode()
    const cuts = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
    const unstopped = [...cuts]
    await b.streams.serve(PROTOCOL, async function* () {
      const { resolve } = unstopped.shift() ?? cuts[0] ?? Promise.withResolvers<void>()
      try {
        for (;;) yield new Uint8Array(MIB)
      } finally {
        resolve()
      }
    })
    for (const round of cuts.keys()) {
      await using liar = await bareNode()
      const connection = await liar.dial(multiaddr(addressOf(b)))
      const stream = await connection.newStream(PROTOCOL)
      const first = new Promise((resolve) => stream.addEventListener('message', resolve, { once: true }))
      stream.send(Uint8Array.of(1, 7))
      await first
      stream.pause()
      // In every way in which a connection ends.
      if (round % 3 === 0) connection.abort(new Error('cut'))
      else if (round % 3 === 1) stream.abort(new Error('reset'))
      else await connection.close({ signal: AbortSignal.timeout(200) }).catch(() => connection.abort(new Error('cut')))
    }
    await Promise.all(cuts.map(({ promise }) => promise))
    await using honest = await startNode()
    await link(b, honest)
    assert.ok(
      b.mesh.peers().some(({ id }) => id === honest.mesh.self),
      'it goes on',
    )
  })

  // Fault 27: what a second process signs is the inbox's to see.
  it('refuses to connect to its own key on another host, and says what that means', async () => {
    const seed = randomBytes(32)
    await using a = await startNode({ seed })
    await using copy = await startNode({ seed })
    await using other = await startNode()
    await assert.rejects(a.mesh.connect(addressOf(copy)), (error) => {
      return isColdmeshError(error, 'unreachable') && /copy of this key/.test(error.hint ?? '')
    })
    // An address that hides whose it is.
    const [nameless = ''] = addressOf(copy).split('/p2p/')
    await assert.rejects(a.mesh.connect(nameless), (error) => isColdmeshError(error, 'unreachable'))
    await link(a, other)
    assert.deepEqual(
      a.mesh.peers().map(({ id }) => id),
      [other.mesh.self],
    )
    assert.deepEqual(copy.mesh.peers(), [])
  })
})
