/** Two certified bases of one round, which a peer met: it keeps its own, and signs nothing until people decide. */
export interface SplitStatus {
  readonly round: number
  /** The one that this peer keeps. */
  readonly base: string
  readonly other: string
  /** Names of those who signed both. */
  readonly members: readonly string[]
  /** When this peer saw it. */
  readonly seenMs: number
}
