import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryDatastore } from 'datastore-core'
import { createNode, type Libp2pNode, type NodeOptions } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { createSystemClock } from '../../../src/adapters/system/clock.ts'

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
