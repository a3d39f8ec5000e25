import type { FusionEngine } from '../adapters/fusion/engine.ts'
import type { ContentStore } from '../ports/content-store.ts'
import type { Gossip } from '../ports/gossip.ts'
import type { Mesh } from '../ports/mesh.ts'
import type { Streams } from '../ports/streams.ts'
import type { Clock, Log } from '../ports/system.ts'
import type { WeightFiles } from '../ports/weight-files.ts'
import type { Network, NetworkFacts } from '../rounds/network.ts'
import type { BaseFacts } from './builder.ts'
import type { Chain } from './chain.ts'
import type { DeltaBook } from './deltas/book.ts'
import type { DeltaMode } from './deltas/mode.ts'
import type { Emitter } from './emitter.ts'
import type { FactsAt } from './evidence-book.ts'
import type { Keeping } from './retention/keeper.ts'
import type { Speaker } from './speaker.ts'
import type { SyncClient } from './sync/client.ts'
import type { Troubles } from './troubles.ts'
import type { PeerEvent } from './types.ts'
import type { Waits } from './waits.ts'

/** What every part of a running peer works with. */
export interface PeerContext {
  readonly dataDir: string
  /** Our public key. */
  readonly key: Uint8Array
  readonly network: Network
  /** What is in force in a round: known up to two after the head. */
  readonly termsAt: (round: number) => NetworkFacts
  /** The same, and null further ahead. */
  readonly factsAt: FactsAt
  readonly facts: BaseFacts
  readonly store: ContentStore
  /** Null where blocks are in memory alone. */
  readonly files: WeightFiles | null
  /** Fuses and checks files of weights. */
  readonly engine: FusionEngine
  readonly chain: Chain
  readonly keeping: Keeping
  readonly deltas: DeltaBook
  readonly deltaMode: DeltaMode
  readonly speaker: Speaker
  readonly gossip: Gossip
  readonly streams: Streams
  readonly mesh: Mesh
  readonly sync: SyncClient
  readonly clock: Clock
  readonly log: Log
  readonly events: Emitter<PeerEvent>
  readonly troubles: Troubles
  readonly waits: Waits
  /** libp2p peer id (text) of whoever has this key. */
  readonly peerIdOf: (key: Uint8Array) => string
  /** Aborts when the peer stops. */
  readonly signal: AbortSignal
}
