import type { Libp2p, Peer, PeerId } from '@libp2p/interface'
import { DEFAULT_MAX_SAVED_PEERS } from './limits.ts'

/** The peer store's tag of those that spoke our protocols with us. */
const TAG = 'coldmesh'
const TAG_VALUE = 50
const OURS = /^\/(coldmesh|meshsub)\//

export interface KnownPeers {
  /** Remembers, across restarts, that this peer spoke our protocols. Strangers who only fetch blocks are not kept. */
  remember(peer: PeerId, protocols: readonly string[]): Promise<void>
  /** Remembered peers with an address, at most `DEFAULT_MAX_SAVED_PEERS`. */
  saved(): Promise<Peer[]>
}

/** Known peers live in libp2p's own peer store, which the datastore keeps. */
export function createKnownPeers(libp2p: Libp2p): KnownPeers {
  return {
    async remember(peer, protocols) {
      if (!protocols.some((protocol) => OURS.test(protocol))) return
      await libp2p.peerStore.merge(peer, { tags: { [TAG]: { value: TAG_VALUE } } })
    },
    saved: () =>
      libp2p.peerStore.all({
        filters: [(peer) => peer.tags.has(TAG) && peer.addresses.length > 0 && !peer.id.equals(libp2p.peerId)],
        limit: DEFAULT_MAX_SAVED_PEERS,
      }),
  }
}
