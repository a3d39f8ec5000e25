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
    /** Key of the member whose voucher let the author contribute; null where none was needed. */
    readonly vouchedBy: string | null
    /** CID of the base that it was trained from. */
    readonly trainedFrom: string
    /** Rounds with inputs since the base that it was trained from; null when one of them is not here. */
    readonly staleness: number | null
  }[]
  /** The change of the terms that this base embeds, in force two rounds later; a rollback is done in this one. */
  readonly amendment: { readonly id: string; readonly change: AmendmentChange; readonly from: number } | null
  readonly excluded: readonly { readonly id: string; readonly author: string; readonly reason: string }[]
  /** Evaluations of this base that are held here. */
  readonly reports: readonly ReportEntry[]
  /** Members that contradicted themselves in this round, as far as is known here. */
  readonly evidence: readonly EvidenceStatus[]
}
