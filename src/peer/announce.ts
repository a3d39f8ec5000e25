import type { CID } from 'multiformats/cid'
import { type TopicName, topicOf } from '../../protocols/registry.ts'
import type { Gossip } from '../ports/gossip.ts'
import type { Log } from '../ports/system.ts'

/** Gossips to whoever is there. Never throws: what does not arrive, sync repairs. */
export type Announce = (topic: TopicName, bytes: Uint8Array) => Promise<void>

export function createAnnounce(options: {
  readonly network: CID
  readonly gossip: Pick<Gossip, 'publish'>
  readonly log: Log
}): Announce {
  const { network, gossip, log } = options
  return async (topic, bytes) => {
    try {
      await gossip.publish(topicOf(String(network), topic), bytes)
    } catch (error) {
      log.warn('not-published', { topic, error: String(error) })
    }
  }
}
