import type { GenesisOptions } from '../genesis-types.ts'
import type { VerifyLevel } from '../verify-types.ts'

/** What is known of the base of another network that this one began as. */
export interface ForkStatus {
  /** That base, its history included. */
  readonly of: string
  /** Genesis CID of its network, and its round there; null while its lineage is not here. */
  readonly network: string | null
  readonly round: number | null
  /** `verified`: the same files, certified in its network. `unchecked`: what says so is not here. `not-valid`: it is not so. */
  readonly state: 'verified' | 'unchecked' | 'not-valid'
  /** Why it is not verified; null when it is. */
  readonly reason: string | null
}

export interface ForkOptions extends Omit<GenesisOptions, 'name' | 'base'> {
  /** The network's name; default: that of the network before. What else is not given stays as it was there. */
  readonly name?: string
  /** An exported base's directory with the two files beside it, or the CID of a base in `fromDir`. */
  readonly of: string
  /** Data directory of the network before; only read, so a daemon may run on it. */
  readonly fromDir?: string
  /** How far the base is checked first. Default `full`: what is not here is no failure, what is wrong is. */
  readonly level?: VerifyLevel
  readonly signal?: AbortSignal
}

export interface CreatedFork {
  readonly network: string
  readonly base: string
  readonly invite: string
  readonly fork: ForkStatus
}
