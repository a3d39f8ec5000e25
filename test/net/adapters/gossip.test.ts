import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ACCEPT, ignore, reject } from '../../../protocols/wire/verdict.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { memoryLog } from '../../../src/adapters/memory/log.ts'
import { connected, ears, heartbeats, link, OTHER_TOPIC, paired, startNode, subscribed, TOPIC } from './support.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('gossip', () => {
  // Fault 4: what is rejected goes no further.
  it('relays what a judge accepts, and neither what it ignores nor what it rejects', async () => {
    // A line: whatever reaches C went through B.
    await using a = await startNode()
    await using b = await startNode()
    await using c = await startNode()
    const atB = ears(b, (message) => {
      if (message === 'bad') return reject('bad')
      return message === 'known' ? ignore('known') : ACCEPT
    })
    const atC = ears(c)
    ears(a)
    await link(a, b)
    await link(b, c)
    await Promise.all([subscribed(a, 1), subscribed(b, 2), subscribed(c, 1)])
    await a.gossip.publish(TOPIC, bytes('bad'))
    await a.gossip.publish(TOPIC, bytes('known'))
    const sent = await a.gossip.publish(TOPIC, bytes('good'))
    assert.equal(sent.recipients, 1)
    await atC.heard('good')
    assert.deepEqual(atB.texts(), ['bad', 'known', 'good'])
    // The library keeps a score for a heartbeat.
    await heartbeats(b, 2)
    assert.ok(scoreAt(b, a) < 0, 'the reject costs whoever sent it')
    assert.ok(scoreAt(c, b) >= 0, 'and nobody else')
    assert.deepEqual(atC.texts(), ['good'])
    assert.equal(atC.messages[0]?.from, b.mesh.self)
  })

  it('hears a message once, however many peers relay it', async () => {
    const nodes = await Promise.all([startNode(), startNode(), startNode(), startNode()])
    await using stack = new AsyncDisposableStack()
    for (const node of nodes) stack.use(node)
    const [a, b, c, d] = nodes
    assert.ok(a && b && c && d)
    const heard = nodes.map((node) => ears(node))
    for (const [x, y] of [
      [a, b],
      [a, c],
      [a, d],
      [b, c],
      [b, d],
      [c, d],
    ] as const) {
      await link(x, y)
    }
    await connected(nodes, 3)
    await Promise.all(nodes.map((node) => subscribed(node, 3)))
    await a.gossip.publish(TOPIC, bytes('once'))
    await Promise.all(heard.slice(1).map((ear) => ear.heard('once')))
    await b.gossip.publish(TOPIC, bytes('last'))
    await Promise.all([heard[0], heard[2], heard[3]].map((ear) => ear?.heard('last')))
    for (const ear of heard.slice(1)) assert.equal(ear.texts().filter((text) => text === 'once').length, 1)
    assert.deepEqual(heard[0]?.texts(), ['last'])
  })

  it('publishes to nobody, and twice, without an error', async () => {
    await using a = await startNode()
    assert.deepEqual(await a.gossip.publish(TOPIC, bytes('alone')), { recipients: 0 })
    await using b = await startNode()
    const atB = ears(b)
    ears(a)
    await paired(a, b)
    assert.equal((await a.gossip.publish(TOPIC, bytes('twice'))).recipients, 1)
    assert.equal((await a.gossip.publish(TOPIC, bytes('twice'))).recipients, 0)
    await a.gossip.publish(TOPIC, bytes('end'))
    await atB.heard('end')
    assert.deepEqual(atB.texts(), ['twice', 'end'])
  })

  it('does not punish a peer for a judge that throws', async () => {
    const log = memoryLog()
    await using a = await startNode()
    await using b = await startNode({ log })
    const atB = ears(b, (message) => {
      if (message.startsWith('boom')) throw new Error('our bug')
      return ACCEPT
    })
    ears(a)
    await paired(a, b)
    for (let i = 0; i < 20; i++) await a.gossip.publish(TOPIC, bytes(`boom ${i}`))
    await atB.heard('boom 19')
    // The library looks at scores anew with its heartbeat.
    await heartbeats(b, 2)
    await a.gossip.publish(TOPIC, bytes('after'))
    await atB.heard('after')
    assert.equal(log.entries.filter(({ event }) => event === 'gossip-judge-failed').length, 20)
  })

  it('stops reading a peer that keeps sending what is rejected', async () => {
    await using liar = await startNode()
    await using honest = await startNode()
    await using b = await startNode()
    const atB = ears(b, (message) => (message.startsWith('lie') ? reject('lie') : ACCEPT))
    ears(liar)
    ears(honest)
    await paired(liar, b)
    await link(honest, b)
    await Promise.all([subscribed(honest, 1), subscribed(b, 2)])
    for (let i = 0; i < 40; i++) await liar.gossip.publish(TOPIC, bytes(`lie ${i}`))
    await liar.gossip.publish(TOPIC, bytes('lie at last'))
    await atB.heard('lie at last')
    // The library looks at scores anew with its heartbeat.
    await heartbeats(b, 2)
    const before = atB.texts().length
    for (let i = 0; i < 40; i++) await liar.gossip.publish(TOPIC, bytes(`lie again ${i}`))
    await honest.gossip.publish(TOPIC, bytes('truth'))
    await atB.heard('truth')
    await heartbeats(b, 1)
    assert.deepEqual(atB.texts().slice(before), ['truth'])
  })

  // Fault 1.
  it('never hands an oversized message to the judge, and thinks less of whoever sent it', async () => {
    await using a = await startNode()
    await using b = await startNode()
    const atB = ears(b)
    ears(a)
    await paired(a, b)
    await assert.rejects(a.gossip.publish(TOPIC, new Uint8Array(64 * 1024 + 1)), RangeError)
    // A liar does not ask its adapter.
    const services: unknown = Reflect.get(a.libp2p, 'services')
    assert.ok(typeof services === 'object' && services !== null && 'gossipsub' in services)
    const raw: unknown = Reflect.get(Object(services.gossipsub), 'publish')
    assert.ok(typeof raw === 'function')
    await Reflect.apply(raw, services.gossipsub, [TOPIC, new Uint8Array(64 * 1024 + 1)])
    await a.gossip.publish(TOPIC, bytes('small'))
    await atB.heard('small')
    assert.deepEqual(atB.texts(), ['small'])
    // The library keeps a score for a heartbeat.
    await heartbeats(b, 2)
    assert.ok(scoreAt(b, a) < 0)
    assert.ok(scoreAt(a, b) >= 0)
  })

  it('knows only its own topics and one judge for each', async () => {
    await using a = await startNode()
    assert.throws(() => a.gossip.subscribe('/elsewhere', () => ACCEPT), RangeError)
    await assert.rejects(a.gossip.publish('/elsewhere', bytes('x')), RangeError)
    const stop = a.gossip.subscribe(OTHER_TOPIC, () => ACCEPT)
    assert.throws(() => a.gossip.subscribe(OTHER_TOPIC, () => ACCEPT))
    stop()
    stop()
    a.gossip.subscribe(OTHER_TOPIC, () => ACCEPT)
  })
})

/** What `node` thinks of the gossip of `other`. */
function scoreAt(node: Libp2pNode, other: Libp2pNode): number {
  const peer = node.mesh.peers().find(({ id }) => id === other.mesh.self)
  if (peer === undefined) throw new Error('they are not connected')
  return peer.score
}
