import { randomBytes } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import type { CID } from 'multiformats/cid'
import { parseInvite } from '../../../../protocols/membership/invite.ts'
import { TOPICS, type TopicName, topicOf } from '../../../../protocols/registry.ts'
import { parseCid } from '../../../../protocols/wire/bytes.ts'
import { peersWithoutStream } from '../../../../src/adapters/libp2p/gossipsub-corrections.ts'
import { createNode, type Libp2pNode } from '../../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../../src/adapters/system/clock.ts'
import { openBase } from '../../../../src/checkpoint/base.ts'
import { readFile } from '../../../../src/checkpoint/unixfs.ts'
import { createContentStore } from '../../../../src/peer/store/content-store.ts'
import { gossipsubOf, until } from '../../../net/adapters/support.ts'
import { type Delivery, deliverBy } from './delivery.ts'

const DEADLINE_MS = 30_000
/** No event tells that a stream of gossip was opened. */
const LOOK_MS = 20

/** A stranger in the network, with its own libp2p: it speaks to every member, and can be made to say anything. */
export interface LiarNode extends AsyncDisposable {
  readonly peerId: string
  readonly network: CID
  readonly addresses: readonly string[]
  /** Serves a block to whoever asks. */
  put(cid: CID, block: Uint8Array): Promise<void>
  /** A base's weights, fetched from the members: their CID and bytes. */
  weightsOf(base: string): Promise<{ readonly cid: CID; readonly bytes: Uint8Array }>
  /** Straight to every member; resolves when it is on its way to all of them. */
  publish(topic: TopicName, envelope: Uint8Array): Promise<void>
}

/**
 * @param options.members addresses of the members, all of which it connects to
 * @param options.delivery how it answers for blocks; by default it gives what it has
 */
export async function startLiarNode(options: {
  readonly invite: string
  readonly members: readonly string[]
  readonly delivery?: Delivery
}): Promise<LiarNode> {
  const { members, delivery } = options
  const { network } = parseInvite(options.invite)
  const topic = (name: TopicName) => topicOf(String(network), name)
  const node = await createNode({
    seed: new Uint8Array(randomBytes(32)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: String(network),
    topics: TOPICS.map(topic),
    bootstrap: members,
    mdns: false,
    dht: false,
    clock: systemClock,
    log: nullLog,
  })
  const store = await createContentStore({ dir: null, node, log: nullLog })
  for (const name of ['contributions', 'votes'] as const)
    node.gossip.subscribe(topic(name), () => ({ verdict: 'accept' }))
  await node.start()
  if (delivery === undefined) await store.start()
  else await deliverBy(node.libp2p, delivery)
  await Promise.all(members.map((address) => node.mesh.connect(address, { timeoutMs: DEADLINE_MS })))
  await hears(node, [topic('contributions'), topic('votes')], members.length)

  return {
    peerId: node.mesh.self,
    network,
    addresses: node.mesh.addresses(),
    put: (cid, block) => store.put(cid, block),
    weightsOf: async (base) => {
      const root = parseCid(base)
      if (!root) throw new Error('a base is a CID')
      await store.fetch(root, { shape: 'directory', maxBytes: 100_000_000, providers: members, timeoutMs: DEADLINE_MS })
      const { weights } = await openBase(root, (cid) => store.get(cid))
      const leaves = await Array.fromAsync(readFile(weights.cid, (cid) => store.get(cid), { maxBytes: weights.bytes }))
      return { cid: weights.cid, bytes: new Uint8Array(Buffer.concat(leaves)) }
    },
    publish: async (name, envelope) => {
      const { recipients } = await node.gossip.publish(topic(name), envelope)
      if (recipients < members.length) throw new Error(`${recipients} of ${members.length} members were told`)
    },
    [Symbol.asyncDispose]: async () => {
      await store.stop()
      await node.stop()
    },
  }
}

/** Waits until `count` members subscribe to the topics, and a stream to each is open. */
async function hears(node: Libp2pNode, topics: readonly string[], count: number): Promise<void> {
  const gossipsub = gossipsubOf(node)
  const streamless = () => new Set(peersWithoutStream(gossipsub))
  const reached = (topic: string) => gossipsub.getSubscribers(topic).filter((peer) => !streamless().has(String(peer)))
  await until(
    `${count} members listen`,
    () => topics.every((topic) => reached(topic).length >= count),
    (look) => {
      const timer = setInterval(look, LOOK_MS)
      return () => clearInterval(timer)
    },
    DEADLINE_MS,
  )
}
