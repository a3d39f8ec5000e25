import type { CID } from 'multiformats/cid'

/** What of a content store must stay, and what may go. Blocks are shared: one goes when nothing that stays reaches it. */
export interface Retention {
  /** Until disposed, what is here under `roots` stays, and what comes to it. */
  pin(...roots: readonly CID[]): Disposable
  /** Until disposed, every block that is stored from now on stays: content that is being made has no root to pin. */
  pinStored(): Disposable
  /** Until disposed, nothing is deleted. */
  hold(): Disposable
  /**
   * Deletes what only `drop` reaches, leaves before nodes. What is pinned, held, served or touched meanwhile stays, and is told by
   * not being among the roots that are gone. May be stopped or repeated at any step.
   * @throws ColdmeshError `refused` (disk), `block-corrupt` when a node that stays is damaged: then its leaves are not known
   */
  sweep(options: SweepOptions): Promise<Swept>
  /** All blocks that are here. */
  readonly usage: Usage
  readonly disk: DiskUse
}

export interface SweepOptions {
  /** Asked once the sweep has begun: what is in use from then on stays anyway. */
  readonly plan: () => Promise<SweepPlan>
  /** Of these roots nothing is left that may go. */
  readonly onGone: (roots: readonly CID[]) => Promise<void>
  readonly signal: AbortSignal
}

export interface SweepPlan {
  /** Files, as far as they are here. */
  readonly drop: Iterable<CID>
  /** Files and directories. */
  readonly keep: readonly CID[]
  /** Blocks that stay by themselves. */
  readonly isKept: (cid: CID) => boolean
}

export interface Swept {
  readonly blocks: number
  readonly bytes: number
  /** False when something was in use, and is to be tried again. */
  readonly isComplete: boolean
}

/** Of the folder for blocks, and the disk that it lies on. */
export interface DiskUse {
  readonly usedBytes: number
  /** What it may take; null for as much as there is. */
  readonly budgetBytes: number | null
  /** Null where the system doesn't say. */
  readonly freeBytes: number | null
}

export interface Usage {
  readonly blocks: number
  readonly bytes: number
}
