import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Mesh, MeshPeer } from '../../ports/mesh.ts'
import type { Clock } from '../../ports/system.ts'
import { createDeadline, untilAborted } from './deadline.ts'
import { DEFAULT_DIAL_TIMEOUT_MS } from './limits.ts'
import { unreachable } from './unreachable.ts'

/** Who we are connected to, seen through libp2p. */
export function createMesh(options: {
  libp2p: Libp2p
  clock: Clock
  /** The gossip score of a peer. */
  scoreOf: (peer: string) => number
  nextDial: () => number | null
}): Mesh {
  const { libp2p, clock, scoreOf, nextDial } = options
  const describe = (peer: PeerId): MeshPeer => ({
    id: peer.toString(),
    addresses: libp2p.getConnections(peer).map((connection) => connection.remoteAddr.toString()),
    score: scoreOf(peer.toString()),
  })
  return {
    self: libp2p.peerId.toString(),
    addresses: () => libp2p.getMultiaddrs().map(String),
    peers: () => libp2p.getPeers().map(describe),
    async connect(address, { timeoutMs = DEFAULT_DIAL_TIMEOUT_MS, signal } = {}) {
      const target = parseDialTarget(address)
      if (address.endsWith(libp2p.peerId.toString())) throw ourselves(address)
      using deadline = createDeadline({ clock, timeoutMs, what: `a connection to ${address}`, signal })
      try {
        const dial = libp2p.dial(target, { signal: deadline.signal })
        const connection = await untilAborted(dial, deadline.signal)
        return describe(connection.remotePeer)
      } catch (error) {
        deadline.signal.throwIfAborted()
        throw unreachable(address, error)
      }
    },
    nextDial,
    onChange(listener) {
      const joined = (event: CustomEvent<PeerId>): void => listener({ peer: event.detail.toString(), connected: true })
      const left = (event: CustomEvent<PeerId>): void => listener({ peer: event.detail.toString(), connected: false })
      libp2p.addEventListener('peer:connect', joined)
      libp2p.addEventListener('peer:disconnect', left)
      return () => {
        libp2p.removeEventListener('peer:connect', joined)
        libp2p.removeEventListener('peer:disconnect', left)
      }
    },
  }
}

function ourselves(address: string): ColdmeshError {
  return new ColdmeshError('unreachable', `${address} names this peer itself.`, {
    facts: { reason: 'own-key' },
    hint: 'If that is another machine, it has a copy of this key: stop one of them. A key belongs to one machine.',
  })
}

/** @throws ColdmeshError `unreachable`: the text is neither a multiaddr nor a peer id, so nobody can be reached by it */
export function parseDialTarget(address: string): PeerId | Multiaddr {
  try {
    return address.startsWith('/') ? multiaddr(address) : peerIdFromString(address)
  } catch (cause) {
    throw new ColdmeshError('unreachable', `Not an address: ${address.slice(0, 200)}`, {
      hint: 'Use a multiaddr such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...',
      cause,
    })
  }
}
