import type { DiskUse } from '../../ports/retention.ts'

/** What this peer's store holds, and what it let go. */
export interface StoreStatus {
  readonly blocks: number
  readonly bytes: number
  /** What that takes of the disk, may take, and what is free. */
  readonly disk: DiskUse
  /** Inputs and bases of so many rounds are kept. */
  readonly keepRounds: number | 'all'
  /** The last time that something was deleted since the start; null when nothing was. */
  readonly dropped: (DroppedWeights & { readonly atMs: number }) | null
}

/** Weights that a member keeps and lacked, because others decided those rounds without it. */
export interface BackfilledWeights {
  readonly fromRound: number
  readonly toRound: number
  readonly files: number
  readonly bytes: number
}

/** Weights of rounds that are kept no longer, and contributions that no round can use any more. */
export interface DroppedWeights {
  readonly fromRound: number
  readonly toRound: number
  readonly blocks: number
  readonly bytes: number
}
