import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ACCEPT, ignore, reject, type Verdict } from '../../../protocols/wire/verdict.ts'
import type { Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { memoryLog } from '../../../src/adapters/memory/log.ts'
import type { GossipMessage } from '../../../src/ports/gossip.ts'
import { connected, link, OTHER_TOPIC, startNode, TOPIC, until } from './support.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (message: Uint8Array): string => new TextDecoder().decode(message)

/** Subscribes and keeps what it judged; `judge` decides by the text. */
function listen(node: Libp2pNode, judge: (text: string) => Verdict = () => ACCEPT) {
  const messages: GossipMessage[] = []
  let look = (): void => {}
  const stop = node.gossip.subscribe(TOPIC, (message) => {
    messages.push(message)
    queueMicrotask(() => look())
    return judge(text(message.bytes))
  })
  return {
    messages,
    stop,
    texts: () => messages.map((message) => text(message.bytes)),
    heard: (wanted: string) =>
      until(
        `hears ${wanted}`,
        () => messages.some((message) => text(message.bytes) === wanted),
        (callback) => {
          look = callback
          return () => {
            look = () => {}
          }
        },
      ),
  }
}

/** Waits until `node` knows `count` subscribers of the topic. */
async function subscribed(node: Libp2pNode, count: number): Promise<void> {
  const gossipsub: unknown = Reflect.get(node.libp2p, 'services')
  if (typeof gossipsub !== 'object' || gossipsub === null || !('gossipsub' in gossipsub)) throw new Error('no gossip')
  const service = gossipsub.gossipsub
  if (!(service instanceof EventTarget) || !('getSubscribers' in service)) throw new Error('no gossip')
  const { getSubscribers } = service
  if (typeof getSubscribers !== 'function') throw new Error('no gossip')
  await until(
    `${count} subscribers`,
    () => Reflect.apply(getSubscribers, service, [TOPIC]).length >= count,
    (look) => {
      service.addEventListener('subscription-change', look)
      return () => service.removeEventListener('subscription-change', look)
    },
  )
}

/** Both know the other's subscription, so a stream is open each way: what is published now arrives. */
async function paired(a: Libp2pNode, b: Libp2pNode): Promise<void> {
  await link(a, b)
  await Promise.all([subscribed(a, 1), subscribed(b, 1)])
}

describe('gossip', () => {
  it('relays what a judge accepts, and neither what it ignores nor what it rejects', async () => {
    // A line: whatever reaches C went through B.
    await using a = await startNode()
    await using b = await startNode()
    await using c = await startNode()
    const atB = listen(b, (message) => {
      if (message === 'bad') return reject('bad')
      return message === 'known' ? ignore('known') : ACCEPT
    })
    const atC = listen(c)
    listen(a)
    await link(a, b)
    await link(b, c)
    await Promise.all([subscribed(a, 1), subscribed(b, 2), subscribed(c, 1)])
    await a.gossip.publish(TOPIC, bytes('bad'))
    await a.gossip.publish(TOPIC, bytes('known'))
    const sent = await a.gossip.publish(TOPIC, bytes('good'))
    assert.equal(sent.recipients, 1)
    await atC.heard('good')
    assert.deepEqual(atB.texts(), ['bad', 'known', 'good'])
    assert.deepEqual(atC.texts(), ['good'])
    assert.equal(atC.messages[0]?.from, b.mesh.self)
  })

  it('hears a message once, however many peers relay it', async () => {
    const nodes = await Promise.all([startNode(), startNode(), startNode(), startNode()])
    await using stack = new AsyncDisposableStack()
    for (const node of nodes) stack.use(node)
    const [a, b, c, d] = nodes
    assert.ok(a && b && c && d)
    const ears = nodes.map((node) => listen(node))
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
    await Promise.all(ears.slice(1).map((ear) => ear.heard('once')))
    await b.gossip.publish(TOPIC, bytes('last'))
    await Promise.all([ears[0], ears[2], ears[3]].map((ear) => ear?.heard('last')))
    for (const ear of ears.slice(1)) assert.equal(ear.texts().filter((heard) => heard === 'once').length, 1)
    assert.deepEqual(ears[0]?.texts(), ['last'])
  })

  it('publishes to nobody, and twice, without an error', async () => {
    await using a = await startNode()
    assert.deepEqual(await a.gossip.publish(TOPIC, bytes('alone')), { recipients: 0 })
    await using b = await startNode()
    const atB = listen(b)
    listen(a)
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
    const atB = listen(b, (message) => {
      if (message.startsWith('boom')) throw new Error('our bug')
      return ACCEPT
    })
    listen(a)
    await paired(a, b)
    for (let i = 0; i < 12; i++) await a.gossip.publish(TOPIC, bytes(`boom ${i}`))
    await a.gossip.publish(TOPIC, bytes('after'))
    await atB.heard('after')
    assert.equal(log.entries.filter(({ event }) => event === 'gossip-judge-failed').length, 12)
  })

  it('stops reading a peer that keeps sending what is rejected', async () => {
    await using liar = await startNode()
    await using honest = await startNode()
    await using b = await startNode()
    const atB = listen(b, (message) => (message.startsWith('lie') ? reject('lie') : ACCEPT))
    listen(liar)
    listen(honest)
    await paired(liar, b)
    await link(honest, b)
    await Promise.all([subscribed(honest, 1), subscribed(b, 2)])
    for (let i = 0; i < 2000; i++) await liar.gossip.publish(TOPIC, bytes(`lie ${i}`))
    await honest.gossip.publish(TOPIC, bytes('truth'))
    await atB.heard('truth')
    const lies = atB.texts().filter((heard) => heard.startsWith('lie')).length
    assert.ok(lies < 1000, `judged ${lies} lies`)
  })

  it('never hands an oversized message to the judge', async () => {
    await using a = await startNode()
    await using b = await startNode()
    const atB = listen(b)
    listen(a)
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
