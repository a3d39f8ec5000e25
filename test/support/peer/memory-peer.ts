import { SYNC_PROTOCOL } from '../../../protocols/sync/messages.ts'
import { createFusionEngine } from '../../../src/adapters/fusion/engine.ts'
import { memoryJournal } from '../../../src/adapters/memory/journal.ts'
import { type MemoryLog, memoryLog } from '../../../src/adapters/memory/log.ts'
import type { MemoryNetwork } from '../../../src/adapters/memory/network.ts'
import { systemClock } from '../../../src/adapters/system/clock.ts'
import { createSigner } from '../../../src/adapters/system/signer.ts'
import type { Chain, ChainEntry } from '../../../src/peer/chain.ts'
import type { PeerContext } from '../../../src/peer/context.ts'
import { createDeltaBook } from '../../../src/peer/deltas/book.ts'
import { createEmitter } from '../../../src/peer/emitter.ts'
import { createSpeaker } from '../../../src/peer/speaker.ts'
import { createSyncClient } from '../../../src/peer/sync/client.ts'
import { answerSync } from '../../../src/peer/sync/server.ts'
import { createTermsBook } from '../../../src/peer/terms-book.ts'
import { createTroubles } from '../../../src/peer/troubles.ts'
import type { PeerEvent } from '../../../src/peer/types.ts'
import { createWaits } from '../../../src/peer/waits.ts'
import type { ContentStore } from '../../../src/ports/content-store.ts'
import type { Clock } from '../../../src/ports/system.ts'
import type { TestChain } from '../history/build-chain.ts'
import { type TestKey, testKey } from '../protocols/network.ts'
import { KEEPS_ALL } from './keeps-all.ts'

/** All that the parts of a running peer work with, in memory: its chain is a test's, its key a test's. */
export interface MemoryPeer {
  readonly context: PeerContext
  readonly chain: Chain
  readonly log: MemoryLog
  readonly told: readonly PeerEvent[]
  stop(): void
}

/** @param options.key by default nobody's: a peer that follows */
export function startMemoryPeer(options: {
  readonly mesh: MemoryNetwork
  readonly name: string
  readonly chain: TestChain
  readonly dataDir?: string
  readonly key?: TestKey
  readonly clock?: Clock
}): MemoryPeer {
  const { mesh, name, chain: test, clock = systemClock } = options
  const node = mesh.join(name)
  const log = memoryLog()
  const events = createEmitter<PeerEvent>()
  const told: PeerEvent[] = []
  events.on((event) => told.push(event))
  const stopped = new AbortController()
  const chain = memoryChain(test.entries)
  const { at: termsAt } = createTermsBook(test.network, chain)
  const signer = createSigner((options.key ?? testKey(name)).seed)
  const context: PeerContext = {
    dataDir: options.dataDir ?? '',
    key: signer.key,
    network: test.network,
    termsAt,
    factsAt: (round) => (round <= chain.entries.length + 2 ? termsAt(round) : null),
    facts: test.facts,
    store: sharedStore(test),
    chain,
    keeping: KEEPS_ALL,
    files: null,
    engine: createFusionEngine({ workers: 0 }),
    deltas: createDeltaBook(),
    deltaMode: 'off',
    speaker: createSpeaker({ network: test.network.id, signer, journal: memoryJournal() }),
    gossip: node.gossip,
    streams: node.streams,
    mesh: node.mesh,
    sync: createSyncClient(node.streams, test.network.id),
    clock,
    log,
    events,
    troubles: createTroubles({ events, clock, log }),
    waits: createWaits({ events, clock, log }),
    peerIdOf: (key) => Buffer.from(key).toString('hex'),
    signal: stopped.signal,
  }
  return { context, chain, log, told, stop: () => stopped.abort() }
}

/** A peer that answers questions about a chain, and does nothing else. */
export async function serveChain(mesh: MemoryNetwork, name: string, chain: TestChain): Promise<void> {
  const node = mesh.join(name)
  const { network, store, entries } = chain
  await node.streams.serve(SYNC_PROTOCOL, ({ bytes }) =>
    answerSync(bytes, {
      network: network.id,
      store,
      log: memoryLog(),
      chain: () => entries,
      genesisBase: () => network.genesis.base,
      round: () => null,
      reports: { missing: () => [] },
      amendments: { missing: () => [] },
      fork: () => null,
      evidence: { missing: () => [] },
      deltas: createDeltaBook(),
    }),
  )
}

/** Chains of one test share their blocks: what is fetched is here already. */
function sharedStore({ store }: TestChain): ContentStore {
  return { ...store, fetch: async () => ({ blocks: 0, bytes: 0 }) }
}

function memoryChain(initial: readonly ChainEntry[]): Chain {
  const entries = [...initial]
  return {
    entries,
    mended: null,
    append: async (...added) => {
      entries.push(...added)
    },
    close: async () => {},
  }
}
