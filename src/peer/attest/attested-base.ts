import type { CID } from 'multiformats/cid'
import type { ContentStore } from '../../ports/content-store.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { SignedReport } from '../reports/book.ts'

/** A base that something is said about, and where its blocks are. */
export interface AttestedBase {
  /** Of the first round. */
  readonly network: NetworkFacts
  /** For reading only; it and the history behind it. */
  readonly store: ContentStore
  readonly base: CID
  /** Null for the genesis' base, and for one that nobody certified. */
  readonly certificate: Uint8Array | null
  /** Evaluations of it that are known here. */
  readonly reports: readonly SignedReport[]
}
