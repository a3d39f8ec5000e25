import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { GossipSub } from '@libp2p/gossipsub'
import { peersWithoutStream } from '../../../src/adapters/libp2p/gossipsub-corrections.ts'
import {
  DEFAULT_GOSSIP_BURST,
  DEFAULT_MAX_GOSSIP_FRAME_BYTES,
  DEFAULT_MAX_PRUNE_BACKOFF_MS,
} from '../../../src/adapters/libp2p/limits.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { fakeClock } from '../../../src/adapters/memory/clock.ts'
import {
  addressOf,
  connected,
  ears,
  gossipsubOf,
  link,
  paired,
  startNode,
  subscribed,
  TOPIC,
  until,
} from './support.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Sends a gossipsub RPC as the library would never make it. */
function sendRpc(from: Libp2pNode, to: Libp2pNode, rpc: object): void {
  const gossipsub = gossipsubOf(from)
  const send: unknown = Reflect.get(gossipsub, 'sendRpc')
  assert.ok(typeof send === 'function')
  Reflect.apply(send, gossipsub, [to.mesh.self, rpc])
}

function inside(gossipsub: GossipSub, name: string): Map<string, unknown> {
  const value: unknown = Reflect.get(gossipsub, name)
  assert.ok(value instanceof Map)
  return value
}

describe('gossip under attack', () => {
  // Fault 14.
  it('caps the back-off that a PRUNE asks for', async () => {
    await using liar = await startNode()
    await using b = await startNode()
    ears(liar)
    const atB = ears(b)
    await paired(liar, b)
    sendRpc(liar, b, {
      subscriptions: [],
      messages: [],
      control: {
        ihave: [],
        iwant: [],
        graft: [],
        idontwant: [],
        prune: [{ topicID: TOPIC, peers: [], backoff: 2 ** 53 - 1 }],
      },
    })
    await liar.gossip.publish(TOPIC, bytes('after the prune'))
    await atB.heard('after the prune')
    const backoff = inside(gossipsubOf(b), 'backoff').get(TOPIC)
    assert.ok(backoff instanceof Map)
    const expires = Number(backoff.get(liar.mesh.self))
    assert.ok(expires > Date.now(), 'the prune was seen')
    assert.ok(expires <= Date.now() + DEFAULT_MAX_PRUNE_BACKOFF_MS)
  })

  // Fault 9.
  it('judges no more than its rate from one peer, and hears the honest one at once', async () => {
    await using flooder = await startNode()
    await using honest = await startNode()
    await using b = await startNode()
    const atB = ears(b)
    ears(flooder)
    ears(honest)
    await paired(flooder, b)
    await link(honest, b)
    await Promise.all([subscribed(honest, 1), subscribed(b, 2)])
    const heapBefore = heapUsed()
    for (let i = 0; i < 10_000; i++) {
      await flooder.gossip.publish(TOPIC, bytes(`flood ${i}`))
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    const started = performance.now()
    await honest.gossip.publish(TOPIC, bytes('honest'))
    await atB.heard('honest')
    assert.ok(performance.now() - started < 10_000)
    const judged = atB.texts().filter((text) => text.startsWith('flood')).length
    assert.ok(judged >= DEFAULT_GOSSIP_BURST / 2, 'the flood did arrive')
    assert.ok(judged <= DEFAULT_GOSSIP_BURST * 6, `${judged} judged`)
    assert.ok(heapUsed() - heapBefore < 200e6)
  })

  // Fault 12.
  it('keeps nothing of subscriptions to foreign topics', async () => {
    await using liar = await startNode()
    await using b = await startNode()
    const atB = ears(b)
    ears(liar)
    await paired(liar, b)
    const topics = Array.from({ length: 4000 }, (_, i) => ({ subscribe: true, topic: `topic ${i} ${'x'.repeat(100)}` }))
    sendRpc(liar, b, { subscriptions: topics, messages: [] })
    await liar.gossip.publish(TOPIC, bytes('after the flood'))
    await atB.heard('after the flood')
    assert.deepEqual([...inside(gossipsubOf(b), 'topics').keys()], [TOPIC])
  })

  it('ends the gossip of a peer whose frame is too large, and of no other', async () => {
    await using liar = await startNode()
    await using honest = await startNode()
    await using b = await startNode()
    const atB = ears(b)
    ears(liar)
    ears(honest)
    await paired(liar, b)
    await link(honest, b)
    await Promise.all([subscribed(honest, 1), subscribed(b, 2)])
    const stream: unknown = inside(gossipsubOf(liar), 'streamsOutbound').get(b.mesh.self)
    assert.ok(typeof stream === 'object' && stream !== null && 'rawStream' in stream)
    const { rawStream } = stream
    assert.ok(typeof rawStream === 'object' && rawStream !== null)
    Reflect.set(rawStream, 'maxWriteBufferLength', 64 * DEFAULT_MAX_GOSSIP_FRAME_BYTES)
    const push: unknown = Reflect.get(stream, 'push')
    assert.ok(typeof push === 'function')
    Reflect.apply(push, stream, [new Uint8Array(DEFAULT_MAX_GOSSIP_FRAME_BYTES + 1)])
    const gossip = gossipsubOf(b)
    await until(
      'the liar is dropped',
      () => !gossip.getPeers().some((peer) => peer.toString() === liar.mesh.self),
      (look) => {
        const timer = setInterval(look, 20)
        return () => clearInterval(timer)
      },
    )
    await honest.gossip.publish(TOPIC, bytes('honest'))
    await atB.heard('honest')
  })

  // Why a frame may be larger than a message: all that a neighbour asks for comes back in one.
  it('takes what it missed in one large frame', async () => {
    await using a = await startNode()
    await using b = await startNode()
    ears(a)
    const messages = Array.from({ length: 60 }, (_, i) => `${i} ${'x'.repeat(2000)}`)
    for (const message of messages) await a.gossip.publish(TOPIC, bytes(message))
    const atB = ears(b)
    await paired(a, b)
    const messageIDs = messages.map((message) => createHash('sha256').update(message).digest())
    sendRpc(b, a, {
      subscriptions: [],
      messages: [],
      control: { ihave: [], iwant: [{ messageIDs }], graft: [], prune: [], idontwant: [] },
    })
    await Promise.all(messages.map((message) => atB.heard(message)))
  })

  it('opens a new connection when the gossip stream died on the old one', async () => {
    const clock = fakeClock()
    await using a = await startNode({ clock })
    await using b = await startNode()
    ears(a)
    const atB = ears(b)
    await link(b, a)
    await connected([a, b], 1)
    await Promise.all([subscribed(a, 1), subscribed(b, 1)])
    const stream: unknown = inside(gossipsubOf(a), 'streamsOutbound').get(b.mesh.self)
    assert.ok(typeof stream === 'object' && stream !== null && 'rawStream' in stream)
    const { rawStream } = stream
    assert.ok(typeof rawStream === 'object' && rawStream !== null)
    const abort: unknown = Reflect.get(rawStream, 'abort')
    assert.ok(typeof abort === 'function')
    Reflect.apply(abort, rawStream, [new Error('the write buffer was full')])
    assert.deepEqual(peersWithoutStream(gossipsubOf(a)), [b.mesh.self])
    assert.equal((await a.gossip.publish(TOPIC, bytes('lost'))).recipients, 0)

    const gone = Promise.withResolvers<void>()
    const back = Promise.withResolvers<void>()
    a.mesh.onChange(({ connected: here }) => (here ? back.resolve() : gone.resolve()))
    await clock.advance(30_000)
    await gone.promise
    // Whoever dials first: a from its saved peers by its own clock, or b by real time.
    await a.mesh.connect(addressOf(b))
    await back.promise
    await Promise.all([subscribed(a, 1), subscribed(b, 1)])
    await a.gossip.publish(TOPIC, bytes('again'))
    await atB.heard('again')
  })
})

function heapUsed(): number {
  return process.memoryUsage().heapUsed
}
