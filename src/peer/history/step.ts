import type { NetworkFacts } from '../../rounds/network.ts'
import type { Head } from '../../rounds/state.ts'
import type { BadLink } from './bad-link.ts'
import type { Signatures } from './certificate.ts'
import type { LoadedRound } from './load-round.ts'
import type { RoundContents } from './open-round.ts'

/** One certified base, or what claims to be one. */
export interface HistoryStep {
  readonly loaded: LoadedRound
  /** The terms that it was judged by. */
  readonly network: NetworkFacts
  /** It was checked before, and is not now: there is no more to say of it. */
  readonly isCovered: boolean
  /** The base before it; null when a link before it is bad or missing, so that its inputs could not be judged. */
  readonly parent: Head | null
  /** Where the next round starts, if this one holds. */
  readonly head: Head | null
  /** Null when a signature does not hold. */
  readonly contents: RoundContents | null
  readonly isCertified: boolean
  /** Its certificate; null without a valid one. */
  readonly certificate: Signatures | null
  /** Tells certificates apart; null without any. */
  readonly certificateName: string | null
  readonly bad: readonly BadLink[]
}
