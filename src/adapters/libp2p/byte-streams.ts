import type { Duplex } from 'node:stream'
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { untilAborted } from './deadline.ts'
import { StreamSocket } from './stream-socket.ts'
import { unreachable } from './unreachable.ts'

/** Streams of bytes between peers, for protocols that are not ours. */
export interface ByteStreams {
  /** Hands over each stream that a peer opens. */
  accept(
    protocol: string,
    onStream: (stream: Duplex, peer: string) => void,
    limits: { readonly maxStreams: number },
  ): Promise<void>
  /** @throws ColdmeshError `unreachable`: not connected, or the peer does not speak it */
  open(peer: string, protocol: string, options: { maxStreams: number; signal: AbortSignal }): Promise<Duplex>
  /** The host at the other end of a connection that leads there directly; null when there is none. */
  hostOf(peer: string): string | null
}

export function createByteStreams(libp2p: Libp2p): ByteStreams {
  return {
    async accept(protocol, onStream, { maxStreams }) {
      await libp2p.handle(
        protocol,
        (stream, connection) => onStream(new StreamSocket(stream), connection.remotePeer.toString()),
        { maxInboundStreams: maxStreams, maxOutboundStreams: maxStreams },
      )
    },
    async open(peer, protocol, { maxStreams, signal }) {
      try {
        const opening = libp2p.dialProtocol(peerIdFromString(peer), protocol, {
          signal,
          maxOutboundStreams: maxStreams,
        })
        // Opened after we gave up: nobody would close it.
        opening.then(
          (late) => signal.aborted && late.abort(new Error('opened too late')),
          () => {},
        )
        return new StreamSocket(await untilAborted(opening, signal))
      } catch (error) {
        signal.throwIfAborted()
        throw unreachable(peer, error)
      }
    },
    hostOf(peer) {
      const isOther = ({ remotePeer }: { remotePeer: { toString(): string } }): boolean =>
        remotePeer.toString() === peer
      const hosts = libp2p
        .getConnections()
        .filter(isOther)
        .map(({ remoteAddr }) => hostIn(remoteAddr.toString()))
      return hosts.find((host) => host !== null) ?? null
    },
  }
}

/** Null for an address that leads over a relay: what listens at its host is the relay. */
function hostIn(address: string): string | null {
  const components = multiaddr(address).getComponents()
  if (components.some(({ name }) => name === 'p2p-circuit')) return null
  return components.find(({ name }) => name === 'ip4' || name === 'ip6')?.value ?? null
}
