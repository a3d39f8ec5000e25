import { randomBytes } from 'node:crypto'
import { MemoryDatastore } from 'datastore-core'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { createNode } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'

/** A peer that says nothing and remembers every envelope that is gossiped. */
export interface Witness extends AsyncDisposable {
  readonly heard: readonly Uint8Array[]
}

export async function startWitness(invite: string): Promise<Witness> {
  const { network, addresses } = parseInvite(invite)
  const heard: Uint8Array[] = []
  const node = await createNode({
    seed: new Uint8Array(randomBytes(32)),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: String(network),
    topics: TOPICS.map((name) => topicOf(String(network), name)),
    bootstrap: addresses,
    mdns: false,
    dht: false,
    clock: systemClock,
    log: nullLog,
  })
  for (const topic of ['contributions', 'votes'] as const) {
    node.gossip.subscribe(topicOf(String(network), topic), ({ bytes }) => {
      heard.push(bytes.slice())
      return { verdict: 'accept' }
    })
  }
  await node.start()
  return { heard, [Symbol.asyncDispose]: () => node.stop() }
}
