import { randomBytes } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import type { CID } from 'multiformats/cid'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, type TopicName, topicOf } from '../../../protocols/registry.ts'
import { encodeEnvelope, preAuthentication } from '../../../protocols/wire/envelope.ts'
import { createNode } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'

/** A peer that says anything at all, well signed or not. */
export interface Gossiper extends AsyncDisposable {
  readonly network: CID
  readonly key: Uint8Array
  sign(payload: Uint8Array): Uint8Array
  /** @throws Error when nobody heard it */
  say(topic: TopicName, envelope: Uint8Array): Promise<void>
}

export async function startGossiper(invite: string): Promise<Gossiper> {
  const { network, addresses } = parseInvite(invite)
  const seed = new Uint8Array(randomBytes(32))
  const signer = createSigner(seed)
  const topics = TOPICS.map((name) => topicOf(String(network), name))
  const node = await createNode({
    seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: String(network),
    topics,
    bootstrap: addresses,
    mdns: false,
    dht: false,
    clock: systemClock,
    log: nullLog,
  })
  for (const topic of topics) node.gossip.subscribe(topic, () => ({ verdict: 'accept' }))
  await node.start()
  return {
    network,
    key: signer.key,
    sign: (payload) => encodeEnvelope(payload, signer.sign(preAuthentication(payload))),
    say: async (topic, envelope) => {
      const { recipients } = await node.gossip.publish(topicOf(String(network), topic), envelope)
      if (recipients === 0) throw new Error('nobody heard it')
    },
    [Symbol.asyncDispose]: () => node.stop(),
  }
}
