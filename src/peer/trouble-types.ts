/** What this machine refuses or has lost, for as long as it lasts. */
export interface Trouble {
  /** `journal`, `blocks`, `base`, `fusion`, `checkpoint`, `split`, `head`, `snapshot`, `gate`, `sweep`, `version`, `weights PATH` or `block CID`. */
  readonly what: string
  readonly reason: string
  /** What to do about it. */
  readonly hint: string | null
  readonly sinceMs: number
}

/** How troubles begin and end. */
export type TroubleEvent =
  | { readonly type: 'trouble'; readonly what: string; readonly reason: string; readonly hint: string | null }
  | { readonly type: 'trouble-over'; readonly what: string }
  /** A damaged block was fetched again; `place` says of which round and file it is. */
  | { readonly type: 'repaired'; readonly cid: string; readonly place: string }
  /** A training that was interrupted goes on after `step`. */
  | {
      readonly type: 'resumed'
      readonly round: number
      readonly task: string
      readonly step: number
      readonly steps: number
    }
