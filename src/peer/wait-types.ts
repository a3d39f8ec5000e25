/** Something from outside that this peer waits for, besides what its round waits for (`Wait`). */
export interface PendingWait {
  /**
   * For what: `genesis`, `base`, `head`, `peers`, `bases`, `checkpoint`, `backfill`, `lineage`, `block`, `exchange`, `sync`, `engine`,
   * `fusion`, `outcome`, `comparison`, `rollback`, `stop`.
   */
  readonly what: string
  /** Which one: a round, a CID, a range. */
  readonly which: string
  /** Addresses, peer ids or names of members that it must come from; empty: whoever is connected. */
  readonly whom: readonly string[]
  readonly sinceMs: number
  /** When it ends by itself, one way or the other; null when it does not. */
  readonly untilMs: number | null
  /** When it is tried again; null while a try runs. */
  readonly nextMs: number | null
  /** Why the last try came to nothing. */
  readonly reason: string | null
}

export type WaitEvent =
  /** Told when a wait has lasted for a while, and again at growing intervals. */
  | ({ readonly type: 'still-waiting' } & PendingWait)
  | { readonly type: 'wait-over'; readonly what: string; readonly which: string; readonly sinceMs: number }
