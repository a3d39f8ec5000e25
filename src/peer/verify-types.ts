import type { ForkStatus } from './fork/types.ts'

export type VerifyLevel = 'signatures' | 'full'

export interface VerifyReport {
  readonly base: string
  readonly network: string
  readonly valid: boolean
  readonly certified: boolean
  /** Only when the caller named the genesis CID. */
  readonly trusted: boolean
  readonly level: VerifyLevel
  /** Newest first. `fusion` is null at level `signatures`. */
  readonly rounds: readonly {
    readonly round: number
    readonly base: string
    readonly certified: boolean
    readonly fusion: 'reproduced' | 'unavailable' | 'differs' | null
    readonly inputs: number
  }[]
  /** What the network began as; null for one that is no fork. Unchecked, it makes no base invalid. */
  readonly fork: ForkStatus | null
  /** `link` names the bad link, e.g. `lineage`, `certificate`, `weights`, `fork`, `contribution <id>`, `block <cid>`. */
  readonly failures: readonly { readonly round: number; readonly link: string; readonly reason: string }[]
}

export interface VerifyOptions {
  readonly level?: VerifyLevel
  /** Genesis CID that the caller trusts. */
  readonly trust?: string
  /** Of a fork: a data directory of the network before, which may have what is not here to check it; only read. */
  readonly fromDir?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly round: number; readonly of: number }) => void
}
