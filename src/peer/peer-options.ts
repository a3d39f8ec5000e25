import type { Dataset } from '../ports/dataset.ts'
import type { Log } from '../ports/system.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { DeltaMode } from './deltas/mode.ts'
import type { StartingStatus } from './status-types.ts'

export interface PeerOptions {
  /** Holds key, config, journal and blocks. One process at a time. */
  readonly dataDir: string
  /** Invite or genesis CID; remembered, so needed the first time only. */
  readonly network?: string
  /** Multiaddrs to listen on. Default: TCP on every interface, a port of the system's choice. */
  readonly listen?: readonly string[]
  /** Multiaddrs told to others instead of those listened on: where a port forward or proxy is reached. */
  readonly announce?: readonly string[]
  /** Multiaddrs (with /p2p/) to dial besides the invite's and the saved ones. */
  readonly peers?: readonly string[]
  /** `kubo:ADDRESS` of a Kubo node that keeps and serves the blocks, from now on; the data directory remembers it. */
  readonly ipfs?: string
  /** How often everything in the store is read and compared with its CID, besides the start. Default 6 hours; 0 = never. */
  readonly checkStoreMs?: number
  /** Keep inputs and bases of so many rounds, or of all; at least as many as the network asks for, which is the default. */
  readonly keepRounds?: number | 'all'
  /** Bytes that the blocks may take of the disk: what won't fit is refused before it is fetched. Default: as much as there is. */
  readonly diskBudget?: number
  /** Where plain HTTP serves what is here: HOST:PORT, or `off`. Default: the hosts of `listen`, a port of the system's choice. */
  readonly gateway?: string
  /** Bytes a second of all uploads together. Default: no limit. */
  readonly maxUpload?: number
  /** Whether checkpoints are sent and fetched as compressed differences from their base. Default `auto`. */
  readonly delta?: DeltaMode
  readonly mdns?: boolean
  readonly dht?: boolean
  /** Needed to join rounds; created on first use when absent. */
  readonly trainer?: Trainer
  /** Labelled rows that a member judges proposed bases by, where the network has a gate; nothing of them leaves this peer. */
  readonly gateData?: Dataset
  readonly log?: Log
  /** Deadline for finding the network the first time. */
  readonly joinTimeoutMs?: number
  readonly signal?: AbortSignal
  /** Called once the peer listens, before it looks for its network: that may take as long as `joinTimeoutMs`. */
  readonly onStarting?: (starting: { readonly status: () => StartingStatus }) => void
}
