import { createHash } from 'node:crypto'
import { type GossipSub, gossipsub, StrictNoSign } from '@libp2p/gossipsub'
import { type Identify, identify } from '@libp2p/identify'
import type { Connection, PrivateKey } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import type { Libp2pOptions } from 'libp2p'
import { withoutDhtRecords } from './dht-storage.ts'
import { createHostGate } from './host-gate.ts'
import * as limits from './limits.ts'
import { SCORE_THRESHOLDS, scoreParams } from './scoring.ts'

export type Services = { identify: Identify; ping: Ping; gossipsub: GossipSub; dht?: unknown }

type Datastore = NonNullable<Libp2pOptions['datastore']>

export interface Libp2pSetup {
  readonly privateKey: PrivateKey
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly datastore: Datastore
  readonly network: string
  readonly topics: readonly string[]
  readonly mdns: boolean
  readonly dht: boolean
  readonly peersPerAddress: number | undefined
  readonly handshakeTimeoutMs: number
  readonly inboundPerHost: number
  /** Many peers of one machine: tests, demos, several daemons of one operator. */
  readonly isLoopbackExempt: boolean
  /** Of the node that these options make. */
  readonly connections: () => readonly Connection[]
}

/** Networks do not mix: each has its own mDNS name and DHT. 16 characters tell genesis CIDs apart. */
export function networkTag(network: string): string {
  return network.slice(-16).toLowerCase()
}

/** Our choice of parts and every limit, as libp2p wants them. */
export function libp2pOptions(setup: Libp2pSetup): Libp2pOptions<Services> {
  const tag = networkTag(setup.network)
  return {
    start: false,
    privateKey: setup.privateKey,
    datastore: withoutDhtRecords(setup.datastore),
    nodeInfo: { name: 'coldmesh', userAgent: 'coldmesh' },
    addresses: { listen: [...setup.listen], announce: [...setup.announce] },
    transports: [tcp({ maxConnections: limits.DEFAULT_MAX_CONNECTIONS + limits.DEFAULT_MAX_PENDING_INBOUND })],
    connectionEncrypters: [noise(), tls()],
    streamMuxers: [
      yamux({
        maxInboundStreams: limits.DEFAULT_MUXER_STREAMS,
        maxOutboundStreams: limits.DEFAULT_MUXER_STREAMS,
        streamOptions: {
          maxStreamWindowSize: limits.DEFAULT_STREAM_WINDOW_BYTES,
          maxWriteBufferLength: limits.DEFAULT_STREAM_WRITE_BUFFER_BYTES,
        },
      }),
    ],
    connectionManager: {
      maxConnections: limits.DEFAULT_MAX_CONNECTIONS,
      maxIncomingPendingConnections: limits.DEFAULT_MAX_PENDING_INBOUND,
      inboundConnectionThreshold: limits.DEFAULT_INBOUND_PER_HOST_PER_SECOND,
      inboundUpgradeTimeout: setup.handshakeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: limits.DEFAULT_NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: limits.DEFAULT_NEGOTIATION_TIMEOUT_MS,
      maxParallelDials: limits.DEFAULT_MAX_PARALLEL_DIALS,
      dialTimeout: limits.DEFAULT_DIAL_TIMEOUT_MS,
      addressDialTimeout: limits.DEFAULT_ADDRESS_DIAL_TIMEOUT_MS,
      allow: setup.isLoopbackExempt ? ['/ip4/127.0.0.0/ipcidr/8', '/ip6/::1/ipcidr/128'] : [],
      // Reconnecting is ours: see keep-connected.ts.
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: limits.DEFAULT_PING_INTERVAL_MS,
      pingTimeout: { minTimeout: limits.DEFAULT_PING_TIMEOUT_MS, maxTimeout: limits.DEFAULT_PING_TIMEOUT_MS },
    },
    connectionGater: {
      // A node on one machine or one local network is as good as a public one.
      denyDialMultiaddr: () => false,
      ...createHostGate(setup),
    },
    peerStore: {
      maxAddressAge: limits.DEFAULT_SAVED_PEER_AGE_MS,
      maxPeerAge: limits.DEFAULT_SAVED_PEER_AGE_MS,
    },
    peerDiscovery: setup.mdns ? [mdns({ serviceTag: `_cm-${tag}._udp.local` })] : [],
    services: {
      identify: identify({ timeout: limits.DEFAULT_IDENTIFY_TIMEOUT_MS }),
      ping: ping(),
      gossipsub: gossipsub(gossipsubOptions(setup)),
      ...(setup.dht ? { dht: dht(tag) } : {}),
    },
  }
}

function gossipsubOptions(setup: Libp2pSetup): NonNullable<Parameters<typeof gossipsub>[0]> {
  const { topics, peersPerAddress, isLoopbackExempt } = setup
  return {
    globalSignaturePolicy: StrictNoSign,
    // [protocol section 5] The id of a message is the hash of its bytes.
    msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
    allowedTopics: [...topics],
    fallbackToFloodsub: false,
    floodPublish: true,
    emitSelf: false,
    // Frames wait for their turn: see gossip-pace.ts.
    awaitRpcHandler: true,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    D: limits.DEFAULT_GOSSIP_DEGREE,
    Dlo: limits.DEFAULT_GOSSIP_DEGREE_LOW,
    Dhi: limits.DEFAULT_GOSSIP_DEGREE_HIGH,
    Dscore: 2,
    Dout: 1,
    Dlazy: limits.DEFAULT_GOSSIP_DEGREE,
    pruneBackoff: limits.DEFAULT_PRUNE_BACKOFF_MS,
    maxInboundStreams: 2,
    maxOutboundStreams: 2,
    maxInboundDataLength: limits.DEFAULT_MAX_GOSSIP_FRAME_BYTES,
    maxOutboundBufferSize: limits.DEFAULT_MAX_GOSSIP_OUTBOUND_BYTES,
    maxTopicBytesPerPeer: limits.DEFAULT_MAX_TOPIC_BYTES_PER_PEER,
    scoreParams: scoreParams({
      topics,
      isLoopbackExempt,
      ...(peersPerAddress === undefined ? {} : { peersPerAddress }),
    }),
    scoreThresholds: SCORE_THRESHOLDS,
  }
}

async function refuseRecord(): Promise<void> {
  throw new Error('no values are kept here')
}

/** A hint for finding peers, never the only way: it stores nobody's values, and a question to nobody ends. */
function dht(tag: string) {
  return kadDHT({
    protocol: `/coldmesh/${tag}/kad/1.0.0`,
    peerInfoMapper: passthroughMapper,
    clientMode: false,
    allowQueryWithZeroPeers: true,
    // The library's own rule would take the public key of anybody, and attackers make keys by the million.
    validators: { pk: refuseRecord },
    maxInboundStreams: limits.DEFAULT_DHT_STREAMS,
    maxOutboundStreams: limits.DEFAULT_DHT_STREAMS,
  })
}
