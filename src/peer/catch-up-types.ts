/** How far a peer that fell behind, or is new, has come. */
export interface CatchUp {
  /** The newest round that is checked and stored. */
  readonly round: number
  /** The round that the peer which is asked says it is at: a hint until it is reached. */
  readonly of: number
  readonly peer: string
  readonly roundsPerSecond: number
  readonly sinceMs: number
}
