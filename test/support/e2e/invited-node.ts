import { MemoryDatastore } from 'datastore-core'
import { parseInvite } from '../../../protocols/membership/invite.ts'
import { TOPICS, topicOf } from '../../../protocols/registry.ts'
import { createNode, type Libp2pNode } from '../../../src/adapters/libp2p/node.ts'
import { nullLog } from '../../../src/adapters/memory/log.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'

/** A bare libp2p node in the invite's network, not started: nothing of a peer but its connections and gossip. */
export async function createInvitedNode(
  invite: string,
  seed: Uint8Array,
  alsoDial: readonly string[] = [],
): Promise<Libp2pNode> {
  const { network, addresses } = parseInvite(invite)
  return await createNode({
    seed,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    datastore: new MemoryDatastore(),
    network: String(network),
    topics: TOPICS.map((name) => topicOf(String(network), name)),
    bootstrap: [...addresses, ...alsoDial],
    mdns: false,
    dht: false,
    clock: systemClock,
    log: nullLog,
  })
}
