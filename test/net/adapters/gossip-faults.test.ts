import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import { peersWithoutStream } from '../../../src/adapters/libp2p/gossipsub-corrections.ts'
import {
  DEFAULT_GOSSIP_BURST,
  DEFAULT_GOSSIP_PER_SECOND,
  DEFAULT_MAX_GOSSIP_FRAME_BYTES,
  DEFAULT_MAX_PRUNE_BACKOFF_MS,
} from '../../../src/adapters/libp2p/limits.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { fakeClock } from '../../../src/adapters/memory/clock.ts'
import { frame, messageRpc } from '../../support/net/rpc.ts'
import {
  addressOf,
  connected,
  ears,
  gossipsubOf,
  heartbeats,
  link,
  paired,
  sendRpc,
  startNode,
  subscribed,
  TOPIC,
  until,
} from './support.ts'

const FLOOD = 10_000
const UNSENT_BYTES = 256 * 1024

/** One node between a flooder and an honest one, all on the topic. */
async function startFlooded(nodes: AsyncDisposableStack) {
  const flooder = nodes.use(await startNode())
  const honest = nodes.use(await startNode())
  const b = nodes.use(await startNode())
  const atB = ears(b)
  ears(flooder)
  ears(honest)
  await paired(flooder, b)
  await link(honest, b)
  await Promise.all([subscribed(honest, 1), subscribed(b, 2)])
  return { flooder, honest, b, atB }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What carries gossip from one to the other, without the library's own limits. */
function outboundStream(from: Libp2pNode, to: Libp2pNode): Stream {
  const stream: unknown = inside(gossipsubOf(from), 'streamsOutbound').get(to.mesh.self)
  const raw: unknown = Reflect.get(Object(stream), 'rawStream')
  assert.ok(isStream(raw))
  return raw
}

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && 'writeBufferLength' in value
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

  // Fault 9: what is beyond the rate stays with whoever sent it.
  it('judges no more than its rate from one peer, remembers nothing of the rest, and hears the honest one', async () => {
    await using nodes = new AsyncDisposableStack()
    const { flooder, honest, b, atB } = await startFlooded(nodes)
    const stream = outboundStream(flooder, b)
    const started = performance.now()
    let taken = 0
    for (let i = 0; i < FLOOD; i++) {
      if (stream.writeBufferLength < UNSENT_BYTES) {
        stream.send(messageRpc(TOPIC, bytes(`flood ${i} ${'x'.repeat(1000)}`)))
        taken++
      }
      if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await heartbeats(b, 1)
    await honest.gossip.publish(TOPIC, bytes('honest'))
    await atB.heard('honest')
    const seconds = (performance.now() - started) / 1000
    const judged = atB.texts().filter((text) => text.startsWith('flood')).length
    assert.ok(judged >= DEFAULT_GOSSIP_BURST / 2, `${judged} judged: the flood did arrive`)
    assert.ok(judged <= DEFAULT_GOSSIP_BURST + seconds * DEFAULT_GOSSIP_PER_SECOND, `${judged} judged`)
    const { size }: { size?: unknown } = Object(Reflect.get(gossipsubOf(b), 'seenCache'))
    assert.ok(Number(size) <= judged + 10, `${size} ids are remembered`)
    assert.ok(taken < FLOOD / 2, `${taken} of ${FLOOD} left the flooder`)
  })

  it('hears others while it works through one frame of thousands', async () => {
    await using nodes = new AsyncDisposableStack()
    const { flooder, honest, b, atB } = await startFlooded(nodes)
    const messages = Array.from({ length: 5000 }, (_, i) => ({ topic: TOPIC, data: bytes(`flood ${i}`) }))
    sendRpc(flooder, b, { subscriptions: [], messages })
    await atB.heard('flood 0')
    await honest.gossip.publish(TOPIC, bytes('honest'))
    await atB.heard('honest')
    assert.ok(atB.texts().length < messages.length / 2)
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
    const stream = outboundStream(liar, b)
    stream.maxWriteBufferLength = 64 * DEFAULT_MAX_GOSSIP_FRAME_BYTES
    stream.send(frame(new Uint8Array(DEFAULT_MAX_GOSSIP_FRAME_BYTES + 1)))
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
    outboundStream(a, b).abort(new Error('the write buffer was full'))
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
