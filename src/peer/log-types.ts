import type { AmendmentChange } from './amendment-types.ts'
import type { EvidenceStatus } from './evidence-types.ts'
import type { ReportEntry } from './report-types.ts'

/** A round as a log tells it. */
export interface LogEntry {
  readonly round: number
  readonly base: string
  readonly parent: string
  readonly aggregator: string
  readonly view: number
  readonly rule: string
  readonly inputs: readonly {
    readonly id: string
    readonly author: string
    readonly checkpoint: string
    readonly task: string
    readonly dataset: string
    readonly rows: number
    /** Of the data, as the contributor states it; null where nothing is stated. */
    readonly license: string | null
    /** To the data: 64 hex digits. */
    readonly commitment: string
    /** What the contributor states of the training, on rows of its own: a name and fractions. */
    readonly metric: { readonly name: string; readonly before: number | null; readonly after: number }
    /** Where the rule is clipped-mean/1, of what training changed: the squared norm, a double of 16 hex digits, and what it counted, in 65536ths. */
    readonly clipping: { readonly norm: string; readonly factor: number } | null
    /** Key of the member whose voucher let the author contribute; null where none was needed. */
    readonly vouchedBy: string | null
    /** The base that it was trained from, and its round, as it says: the one before this round's, unless it is late. */
    readonly trainedFrom: { readonly round: number; readonly base: string }
    /** Rounds with inputs since the base that it was trained from; null when one of them is not here. */
    readonly staleness: number | null
  }[]
  /** The change of the terms that this base embeds, in force two rounds later; a rollback is done in this one. */
  readonly amendment: { readonly id: string; readonly change: AmendmentChange; readonly from: number } | null
  readonly excluded: readonly { readonly id: string; readonly author: string; readonly reason: string }[]
  /** The round that went back past this one: what was fused here is in the history, and not in the weights of the base that the log begins at. Null: it is in them. */
  readonly revertedBy: number | null
  /** Evaluations of this base that are held here. */
  readonly reports: readonly ReportEntry[]
  /** Members that contradicted themselves in this round, as far as is known here. */
  readonly evidence: readonly EvidenceStatus[]
}
