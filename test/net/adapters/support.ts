import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { GossipSub } from '@libp2p/gossipsub'
import { MemoryDatastore } from 'datastore-core'
import { ACCEPT, type Verdict } from '../../../protocols/wire/verdict.ts'
import { createNode, type Libp2pNode, type NodeOptions } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'
import type { GossipMessage } from '../../../src/ports/gossip.ts'

export const NETWORK = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
export const TOPIC = `/coldmesh/1/${NETWORK}/contributions`
export const OTHER_TOPIC = `/coldmesh/1/${NETWORK}/votes`

/** A real node on a free loopback port; started. */
export async function startNode(options: Partial<NodeOptions> = {}): Promise<Libp2pNode> {
  const node = await createNode({
    seed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: NETWORK,
    topics: [TOPIC, OTHER_TOPIC],
    bootstrap: [],
    mdns: false,
    dht: false,
    clock: createSystemClock(),
    log: nullLog,
    ...options,
  })
  await node.start()
  return node
}

/** Its first dialable address. */
export function addressOf(node: Libp2pNode): string {
  const [address] = node.mesh.addresses()
  if (address === undefined) throw new Error('the node does not listen')
  return address
}

export async function link(from: Libp2pNode, to: Libp2pNode): Promise<void> {
  await from.mesh.connect(addressOf(to))
}

/** Looks again after every event of `subscribe` until `check` holds; fails after `timeoutMs`. Never sleeps. */
export async function until(
  what: string,
  check: () => boolean,
  subscribe: (look: () => void) => () => void,
  timeoutMs = 10_000,
): Promise<void> {
  if (check()) return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const timer = setTimeout(() => reject(new Error(`still not: ${what}`)), timeoutMs)
  const stop = subscribe(() => {
    if (check()) resolve()
  })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    stop()
  }
}

/** Waits until each of `nodes` sees `count` peers. */
export async function connected(nodes: readonly Libp2pNode[], count: number): Promise<void> {
  await Promise.all(
    nodes.map((node) =>
      until(
        `${count} peers`,
        () => node.mesh.peers().length >= count,
        (look) => node.mesh.onChange(look),
      ),
    ),
  )
}

/** A fresh directory, removed at the end of the scope. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'coldmesh-net-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** Resolves when `node` has learnt what `peer` speaks. Call before connecting. */
export function identified(node: Libp2pNode, peer: string): Promise<void> {
  return new Promise((resolve) => {
    node.libp2p.addEventListener('peer:identify', (event) => {
      if (event.detail.peerId.toString() === peer) resolve()
    })
  })
}

/** Resolves when `node` has saved `peer` as one to come back to. Call before connecting. */
export function saved(node: Libp2pNode, peer: string): Promise<void> {
  return new Promise((resolve) => {
    node.libp2p.addEventListener('peer:update', (event) => {
      const { id, tags, addresses } = event.detail.peer
      if (id.toString() === peer && tags.has('coldmesh') && addresses.length > 0) resolve()
    })
  })
}

const text = (message: Uint8Array): string => new TextDecoder().decode(message)

/** Subscribes and keeps what it judged; `judge` decides by the text. */
export function ears(node: Libp2pNode, judge: (text: string) => Verdict = () => ACCEPT) {
  const messages: GossipMessage[] = []
  const looks = new Set<() => void>()
  const stop = node.gossip.subscribe(TOPIC, (message) => {
    messages.push(message)
    queueMicrotask(() => {
      for (const look of looks) look()
    })
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
        (look) => {
          looks.add(look)
          return () => looks.delete(look)
        },
      ),
  }
}

export function gossipsubOf(node: Libp2pNode): GossipSub {
  const services: unknown = node.libp2p.services
  if (!hasGossipsub(services)) throw new Error('the node has no gossip')
  return services.gossipsub
}

function hasGossipsub(services: unknown): services is { gossipsub: GossipSub } {
  return typeof services === 'object' && services !== null && 'gossipsub' in services
}

/** Waits until `node` knows `count` subscribers of the topic. */
export async function subscribed(node: Libp2pNode, count: number, topic = TOPIC): Promise<void> {
  const gossipsub = gossipsubOf(node)
  await until(
    `${count} subscribers`,
    () => gossipsub.getSubscribers(topic).length >= count,
    (look) => {
      gossipsub.addEventListener('subscription-change', look)
      return () => gossipsub.removeEventListener('subscription-change', look)
    },
  )
}

/** Both know the other's subscription, so a stream is open each way: what is published now arrives. */
export async function paired(a: Libp2pNode, b: Libp2pNode): Promise<void> {
  await link(a, b)
  await Promise.all([subscribed(a, 1), subscribed(b, 1)])
}

export async function heartbeats(node: Libp2pNode, count: number): Promise<void> {
  const gossipsub = gossipsubOf(node)
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => gossipsub.addEventListener('gossipsub:heartbeat', resolve, { once: true }))
  }
}

/** Sends a gossipsub RPC as the library would never make it. */
export function sendRpc(from: Libp2pNode, to: Libp2pNode, rpc: object): void {
  const gossipsub = gossipsubOf(from)
  const send: unknown = Reflect.get(gossipsub, 'sendRpc')
  if (typeof send !== 'function') throw new TypeError('gossipsub has no sendRpc')
  Reflect.apply(send, gossipsub, [to.mesh.self, rpc])
}
