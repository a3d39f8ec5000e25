/** A member that signed two things of which an honest one signs one. */
export interface EvidenceStatus {
  /** CID of the `evidence/1`. */
  readonly id: string
  readonly author: string
  /** Name in the committee. */
  readonly name: string
  readonly round: number
  /** Of both messages: `list/1`, `proposal/1`, `prevote/1`, `precommit/1`. */
  readonly kind: string
  readonly contradiction: 'same-slot' | 'dropped-entry'
  /** When this peer saw it. */
  readonly seenMs: number
}

/** What checking evidence found. `proven` says that both signatures hold and that nobody honest says both. */
export interface EvidenceReport {
  readonly id: string
  readonly proven: boolean
  /** Why it is not. */
  readonly reason: string | null
  readonly network: string | null
  /** Only when the network is the one that the caller named, or the data directory's. */
  readonly trusted: boolean
  readonly author: string | null
  readonly name: string | null
  /** Null when the committee is not known here. */
  readonly member: boolean | null
  readonly round: number | null
  readonly kind: string | null
  readonly contradiction: 'same-slot' | 'dropped-entry' | null
  readonly seenMs: number | null
  /** Both messages; signatures are hex. A list has `seq` and `contributions`, the others `view` and `base`. */
  readonly messages: readonly {
    readonly id: string
    readonly signature: string
    readonly seq: number | null
    readonly view: number | null
    readonly base: string | null
    readonly contributions: readonly string[] | null
  }[]
}
