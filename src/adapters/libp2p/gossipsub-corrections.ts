import type { GossipSub } from '@libp2p/gossipsub'

/**
 * Two holes of the pinned gossipsub, closed from outside. Each has a test that fails when a new version moves what
 * is reached for here.
 */

/**
 * A remote PRUNE names its own back-off, in seconds up to 2^53, and gossipsub obeys: one frame would keep a peer out
 * of our mesh for good.
 */
export function capPruneBackoff(gossipsub: GossipSub, maxMs: number): void {
  const add: unknown = Reflect.get(gossipsub, 'doAddBackoff')
  if (typeof add !== 'function') throw new TypeError('gossipsub has no doAddBackoff: check its new version')
  const capped = (peer: unknown, topic: unknown, intervalMs: unknown): void => {
    Reflect.apply(add, gossipsub, [peer, topic, Math.min(Number(intervalMs), maxMs)])
  }
  Reflect.set(gossipsub, 'doAddBackoff', capped)
}

/**
 * Peers whose gossip is dead on a living connection: an overfull or reset stream is never opened again by gossipsub.
 * The cure is a new connection.
 */
export function peersWithoutStream(gossipsub: GossipSub): string[] {
  const streams: unknown = Reflect.get(gossipsub, 'streamsOutbound')
  if (!(streams instanceof Map)) throw new TypeError('gossipsub has no streamsOutbound: check its new version')
  return gossipsub
    .getPeers()
    .map(String)
    .filter((peer) => !streams.has(peer))
}
