import type { AmendmentChange, NamedKey } from './amendment-types.ts'
import type { ForkStatus } from './fork/types.ts'

export type VerifyLevel = 'signatures' | 'sample' | 'full'

export interface VerifyReport {
  readonly base: string
  readonly network: string
  readonly valid: boolean
  readonly certified: boolean
  /** Whether everything in `trust` that was named holds; false when nothing was. */
  readonly trusted: boolean
  readonly trust: TrustReport
  readonly level: VerifyLevel
  /** Null at other levels. */
  readonly sample: SampleReport | null
  /** Newest first. */
  readonly rounds: readonly VerifiedRound[]
  /** What the network began as; null for one that is no fork. Unchecked, it makes no base invalid. */
  readonly fork: ForkStatus | null
  /**
   * Oldest round first; of very many the first. `link` names the bad link, e.g. `lineage`, `certificate`, `weights`, `fork`, `contribution <id>`,
   * `block <cid>`.
   */
  readonly failures: readonly { readonly round: number; readonly link: string; readonly reason: string }[]
}

/** Whom the caller trusts, and what comes of it. */
export interface TrustReport {
  /** Whether the genesis is the one that was named; null when none was. */
  readonly genesis: boolean | null
  /** Null when no key was named. `need`: f + 1 of the committee of the base's round, so that one of them is honest. */
  readonly keys: { readonly named: number; readonly signed: number; readonly need: number } | null
}

export interface SampleReport {
  /** 64 hex digits: the same seed draws the same leaves again. */
  readonly seed: string
  /** Drawn of each round. */
  readonly leaves: number
  /** How probable it is that a round is caught whose weights are wrong in this fraction of their leaves. */
  readonly caught: readonly { readonly fraction: number; readonly probability: number }[]
}

export interface VerifiedRound {
  readonly round: number
  readonly base: string
  readonly certified: boolean
  /** Null at level `signatures`; `sampled` at level `sample`, `reproduced` at level `full`. */
  readonly fusion: 'reproduced' | 'sampled' | 'unavailable' | 'differs' | null
  readonly inputs: number
  /** Null in the middle of a long history, where nothing is wrong, and where the lineage does not open. */
  readonly details: RoundDetails | null
}

/** What a round was made of, as far as signatures vouch for it. */
export interface RoundDetails {
  /** Null without a certificate that holds. */
  readonly certificate: { readonly view: number; readonly signers: readonly NamedKey[] } | null
  /** Signatures that a certificate needs, and lists that a lineage quotes. */
  readonly quorum: number
  readonly lists: number
  readonly inputs: readonly {
    readonly id: string
    readonly author: string
    readonly task: string
    readonly dataset: string
    readonly rows: number
    /** Key of the member whose voucher let the author contribute; null where none was needed. */
    readonly vouchedBy: string | null
    /** Rounds with inputs since the base that it was trained from; null when that is not known. */
    readonly staleness: number | null
  }[]
  /** At most 64 of them. */
  readonly excluded: readonly { readonly id: string; readonly author: string; readonly reason: string }[]
  /** All that were excluded. */
  readonly exclusions: number
  readonly amendment: { readonly id: string; readonly change: AmendmentChange; readonly from: number } | null
}

export interface VerifyOptions {
  readonly level?: VerifyLevel
  /** Genesis CID that the caller trusts. */
  readonly trust?: string
  /** Keys that the caller trusts, each of 64 hex digits. */
  readonly trustKeys?: readonly string[]
  /** At level `sample`: leaves that are drawn of each round. Default 16. */
  readonly leaves?: number
  /** At level `sample`: 64 hex digits. Default: 32 random bytes, or those of the file to resume from. */
  readonly sampleSeed?: string
  /** Rounds whose details are in the report: half of them the newest, half the oldest; besides those in which something is wrong. Default 6. */
  readonly details?: number
  /** Threads that fuse files again, 0: the calling one. Default: as many as processors, at most 4; in a peer that runs, 1. */
  readonly threads?: number
  /** Where to go on from and to: a round that this file covers is not checked again. Whoever can write the file can lie to you. */
  readonly resume?: ResumeOptions
  /** Of a fork: a data directory of the network before, which may have what is not here to check it; only read. */
  readonly fromDir?: string
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly round: number; readonly of: number }) => void
}

export interface ResumeOptions {
  /** Made, if it is not there. */
  readonly file: string
  /** Program and version that checks: what another one found is not taken. */
  readonly by: string
}
