import type { Connection, ConnectionGater, MultiaddrConnection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

const LOOPBACK = /^(127\.|::1$)/

/**
 * Refuses a host that has its share of our inbound connections already: keys are free, addresses less so. Asked before the
 * handshake, and again after it, because many can be under way at once.
 */
export function createHostGate(options: {
  readonly inboundPerHost: number
  readonly isLoopbackExempt: boolean
  readonly connections: () => readonly Connection[]
}): Pick<ConnectionGater, 'denyInboundConnection' | 'denyInboundUpgradedConnection'> {
  const { inboundPerHost, isLoopbackExempt, connections } = options
  const isFull = ({ remoteAddr }: MultiaddrConnection): boolean => {
    const host = hostOf(remoteAddr)
    if (host === undefined || (isLoopbackExempt && LOOPBACK.test(host))) return false
    const open = connections().filter((other) => other.direction === 'inbound' && hostOf(other.remoteAddr) === host)
    return open.length >= inboundPerHost
  }
  return {
    denyInboundConnection: isFull,
    denyInboundUpgradedConnection: (_peer, connection) => isFull(connection),
  }
}

function hostOf(address: Multiaddr): string | undefined {
  return address.getComponents().find(({ name }) => name === 'ip4' || name === 'ip6')?.value
}
