import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Gossip } from '../../ports/gossip.ts'
import type { Mesh } from '../../ports/mesh.ts'
import type { Streams } from '../../ports/streams.ts'
import type { Clock, Log } from '../../ports/system.ts'
import { type ByteStreams, createByteStreams } from './byte-streams.ts'
import { createGossip } from './gossip.ts'
import { paceGossip } from './gossip-pace.ts'
import { capPruneBackoff, peersWithoutStream } from './gossipsub-corrections.ts'
import { type Candidate, createKeepConnected } from './keep-connected.ts'
import { createKnownPeers } from './known-peers.ts'
import { libp2pOptions, type Services } from './libp2p-options.ts'
import {
  DEFAULT_GOSSIP_CHECK_MS,
  DEFAULT_HANDSHAKE_TIMEOUT_MS,
  DEFAULT_INBOUND_PER_HOST,
  DEFAULT_MAX_PRUNE_BACKOFF_MS,
  DEFAULT_MAX_SAVED_PEERS,
} from './limits.ts'
import { createMesh } from './mesh.ts'
import { peerOf } from './peer-of.ts'
import { scoreOf } from './scoring.ts'
import { createStreams, type StreamLimits } from './streams.ts'

export interface NodeOptions {
  /** 32-byte Ed25519 seed: the libp2p identity. */
  readonly seed: Uint8Array
  /** Multiaddrs to listen on; port 0 picks a free one. */
  readonly listen: readonly string[]
  /** Multiaddrs to tell others instead of the ones listened on (behind a port forward). */
  readonly announce?: readonly string[]
  /** Where known peers are kept; opened and closed by the caller. */
  readonly datastore: NonNullable<Libp2pOptions['datastore']>
  /** Genesis CID as text. */
  readonly network: string
  /** Gossip topics of this network; messages on any other are not even read. */
  readonly topics: readonly string[]
  /** The longest message of a topic; larger ones are rejected before its judge sees them. */
  readonly topicBytes?: ReadonlyMap<string, number>
  /** Multiaddrs dialled at the start and whenever connections are few; none of them has to answer. */
  readonly bootstrap: readonly string[]
  readonly mdns: boolean
  readonly dht: boolean
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1, for the jitter of redials. */
  readonly random?: () => number
  /** Peers of one address before their score falls. Loopback is exempt. */
  readonly peersPerAddress?: number
  readonly streamLimits?: Partial<StreamLimits>
  readonly minConnections?: number
  /** A connection that has not finished its handshake by then is closed. */
  readonly handshakeTimeoutMs?: number
  /** Inbound connections of one host. */
  readonly inboundPerHost?: number
  /** False: limits for one host hold on loopback too. */
  readonly isLoopbackExempt?: boolean
}

export interface Libp2pNode extends AsyncDisposable {
  readonly gossip: Gossip
  readonly streams: Streams
  readonly mesh: Mesh
  /** For protocols that are not ours. */
  readonly byteStreams: ByteStreams
  /** For adapters that build on libp2p, such as the content store. */
  readonly libp2p: Libp2p
  /** Listens and connects. Judges and answers registered before are in place first. @throws ColdmeshError `refused` */
  start(): Promise<void>
  stop(): Promise<void>
}

/** One libp2p node; `start` it. @throws ColdmeshError `bad-input`: an address to announce is none */
export async function createNode(options: NodeOptions): Promise<Libp2pNode> {
  const { clock, log, bootstrap, random = Math.random } = options
  for (const address of options.announce ?? []) requireDialable(address)
  const libp2p: Libp2p<Services> = await createLibp2p<Services>(
    libp2pOptions({
      privateKey: await generateKeyPairFromSeed('Ed25519', options.seed),
      listen: options.listen,
      announce: options.announce ?? [],
      datastore: options.datastore,
      network: options.network,
      topics: options.topics,
      mdns: options.mdns,
      dht: options.dht,
      peersPerAddress: options.peersPerAddress,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
      inboundPerHost: options.inboundPerHost ?? DEFAULT_INBOUND_PER_HOST,
      isLoopbackExempt: options.isLoopbackExempt ?? true,
      connections: () => libp2p.getConnections(),
    }),
  )
  const { gossipsub } = libp2p.services
  capPruneBackoff(gossipsub, DEFAULT_MAX_PRUNE_BACKOFF_MS)
  const { topics, topicBytes = new Map<string, number>() } = options
  const pace = paceGossip(gossipsub, clock)
  const gossip = createGossip({ gossipsub, topics, topicBytes, pace, log: log.child('gossip') })
  const limits = options.streamLimits
  const streams = createStreams({
    libp2p,
    clock,
    log: log.child('streams'),
    ...(limits === undefined ? {} : { limits }),
  })
  const mesh = createMesh({
    libp2p,
    clock,
    scoreOf: (peer) => scoreOf(gossipsub, peer),
    nextDial: () => keeper.nextDial(),
  })
  const known = createKnownPeers(libp2p)
  const discovered = new Map<string, Candidate>()

  const keeper = createKeepConnected({
    clock,
    random,
    log: log.child('redial'),
    connected: () => new Set(libp2p.getPeers().map(String)),
    candidates: async () => {
      const saved = (await known.saved()).map(({ id }) => ({ address: id.toString(), peer: id.toString() }))
      return [...bootstrap.map(toCandidate), ...discovered.values(), ...saved]
    },
    dial: async (address) => (await mesh.connect(address)).id,
    ...(options.minConnections === undefined ? {} : { minConnections: options.minConnections }),
  })

  libp2p.addEventListener('peer:identify', (event) => {
    const { peerId, protocols } = event.detail
    known.remember(peerId, protocols).catch((error: unknown) => log.warn('peer-not-saved', { error }))
  })
  libp2p.addEventListener('peer:discovery', (event) => {
    const peer = event.detail.id.toString()
    if (discovered.size >= DEFAULT_MAX_SAVED_PEERS && !discovered.has(peer)) return
    discovered.set(peer, { address: peer, peer })
    keeper.wake()
  })
  libp2p.addEventListener('peer:disconnect', () => keeper.wake())

  let cancelCheck = (): void => {}
  let suspects = new Set<string>()
  const checkGossip = (): void => {
    const dead = peersWithoutStream(gossipsub)
    for (const peer of dead.filter((id) => suspects.has(id))) {
      log.warn('gossip-stream-lost', { peer })
      for (const connection of libp2p.getConnections()) {
        if (connection.remotePeer.toString() === peer) connection.abort(new Error('gossip stream lost'))
      }
    }
    suspects = new Set(dead)
    cancelCheck = clock.after(DEFAULT_GOSSIP_CHECK_MS, checkGossip)
  }

  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined

  const start = async (): Promise<void> => {
    try {
      await libp2p.start()
    } catch (error) {
      await libp2p.stop()
      throw cannotListen(options.listen, error)
    }
    gossip.start()
    keeper.start()
    checkGossip()
    log.info('listening', { peer: mesh.self, addresses: mesh.addresses() })
  }

  const stop = async (): Promise<void> => {
    await starting?.catch(() => {})
    cancelCheck()
    pace.stop()
    await keeper.stop()
    await libp2p.stop()
  }

  const node: Libp2pNode = {
    gossip,
    streams,
    mesh,
    byteStreams: createByteStreams(libp2p),
    libp2p,
    start: () => {
      if (stopping !== undefined) return Promise.reject(new Error('a stopped node does not start again'))
      starting ??= start()
      return starting
    },
    stop: () => {
      stopping ??= stop()
      return stopping
    },
    [Symbol.asyncDispose]: () => node.stop(),
  }
  return node
}

function toCandidate(address: string): Candidate {
  return { address, peer: peerOf(address) }
}

/** Told to others, a wrong one would only show as peers that nobody can reach. */
function requireDialable(address: string): void {
  const names = componentsOf(address)
  if (names.includes('tcp') && names.length > 1) return
  throw new ColdmeshError('bad-input', `Nobody could dial ${address.slice(0, 200)}.`, {
    hint: 'Announce an address such as /ip4/192.0.2.1/tcp/4001 or /dns4/peer.example.org/tcp/4001.',
  })
}

function componentsOf(address: string): string[] {
  try {
    return multiaddr(address)
      .getComponents()
      .map(({ name }) => name)
  } catch {
    return []
  }
}

function cannotListen(listen: readonly string[], cause: unknown): ColdmeshError {
  return new ColdmeshError('refused', `Could not listen on ${listen.join(', ')}.`, {
    facts: { listen: listen.join(' ') },
    hint: 'Another program may use this port: choose another, or 0 for any free one.',
    cause,
  })
}
