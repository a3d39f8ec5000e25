/** A proposal whose inputs this machine fuses to something else: either the proposer lies, or one of the two computes wrongly. */
export interface MismatchStatus {
  readonly round: number
  readonly view: number
  /** Name of the member that proposed it. */
  readonly by: string
  /** The proposed base, and the one that this machine gets from the same inputs. */
  readonly base: string
  readonly own: string
  /** The first element that differs, with both values; null when the weights are equal, or could not be compared. */
  readonly difference: {
    /** Null in the header. */
    readonly tensor: string | null
    readonly index: number
    readonly own: string
    readonly proposed: string
  } | null
  /** Why the weights could not be compared, or `equal-weights`: then card or lineage differ. */
  readonly reason: string | null
  readonly seenMs: number
  /** All of it, with the inputs and what this machine is, for whoever looks for the cause. */
  readonly file: string
}
