import { withBitswap } from '@helia/bitswap'
import type { BlockBroker, Helia, Router } from '@helia/interface'
import type { Libp2p } from '@libp2p/interface'
import { createHeliaLight } from 'helia'
import type { Blockstore } from 'interface-blockstore'
import type { CID } from 'multiformats/cid'
import { withCorrectDrain } from './correct-drain.ts'
import {
  DEFAULT_BITSWAP_STREAMS,
  DEFAULT_MAX_MESSAGE_IN_BYTES,
  DEFAULT_MAX_MESSAGE_OUT_BYTES,
  DEFAULT_MESSAGE_TIMEOUT_MS,
  DEFAULT_RESEND_WINDOW_MS,
  DEFAULT_WANTS_PER_PEER,
} from './limits.ts'

export interface Exchange {
  readonly helia: Helia
  /** Sends a block that just came to the peers that asked for it before. */
  announce(cid: CID): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Helia with bitswap on our own node and nothing else: no libp2p of its own (that one dials public bootstrappers), no
 * gateways, no delegated routing. What we fetch comes from peers we are connected to.
 */
export function createExchange(libp2p: Libp2p, blockstore: Blockstore): Exchange {
  const helia = Object.assign(createHeliaLight({ blockstore, routers: [noRouter] }), {
    libp2p: withCorrectDrain(libp2p),
  })
  const brokers: BlockBroker[] = []
  const addBlockBroker = helia.addBlockBroker.bind(helia)
  helia.addBlockBroker = (broker) => {
    if (typeof broker !== 'function') brokers.push(broker)
    addBlockBroker(broker)
  }
  withBitswap(helia, {
    maxInboundStreams: DEFAULT_BITSWAP_STREAMS,
    maxOutboundStreams: DEFAULT_BITSWAP_STREAMS,
    maxIncomingMessageSize: DEFAULT_MAX_MESSAGE_IN_BYTES,
    maxOutgoingMessageSize: DEFAULT_MAX_MESSAGE_OUT_BYTES,
    messageReceiveTimeout: DEFAULT_MESSAGE_TIMEOUT_MS,
    messageSendTimeout: DEFAULT_MESSAGE_TIMEOUT_MS,
    doNotResendBlockWindow: DEFAULT_RESEND_WINDOW_MS,
    maxWantlistSize: DEFAULT_WANTS_PER_PEER,
    // The documented name above is not the one the code reads.
    ...{ maxWantListSize: DEFAULT_WANTS_PER_PEER },
  })
  return {
    helia,
    async announce(cid) {
      await Promise.all(brokers.map((broker) => broker.announce?.(cid)))
    },
    async start() {
      await helia.start()
    },
    async stop() {
      await helia.stop()
    },
  }
}

/** With no router the library waits for ever; with one that finds nobody it goes on. */
const noRouter: Router = {
  name: 'none',
  async *findProviders() {},
}
