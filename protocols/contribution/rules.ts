import type { CID } from 'multiformats/cid'
import { equalCids } from '../wire/bytes.ts'
import type { Signed } from '../wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import type { Contribution } from './messages.ts'

/** What a judge of contributions asks about the network. */
export interface ContributionView {
  /** The round being run. */
  readonly round: number
  /** The round's base. */
  readonly base: CID
  /** Size of every checkpoint of this network. */
  readonly bytes: number
  mayContribute(author: Uint8Array): boolean
  /**
   * The base that a contribution to `round` was trained from, if it is admissible: how many rounds with inputs were certified
   * since, and the CID of its weights.
   */
  parentOf(parent: CID, round: number): { readonly staleness: number; readonly weights: CID } | null
  /** True for checkpoints of bases and inputs of the last `historyRounds` lineages, unless a list names the contribution. */
  isSpent(checkpoint: CID): boolean
  isKnown(id: CID): boolean
  /** Other contributions of this author that are held for the round. */
  countByAuthor(author: Uint8Array): number
}

/** One to announce and one to contradict it; more are noise. */
export const MAX_PER_AUTHOR = 2

/** SPEC 3.1-3.3: what holds for every contribution to a network, in whichever round it is looked at. */
export function judgeTerms(message: Contribution, view: Pick<ContributionView, 'bytes' | 'mayContribute'>): Verdict {
  // [REJECT] SPEC 3.1: a checkpoint has the size of its base's.
  if (message.bytes !== view.bytes) return reject('wrong-size')
  // [REJECT] SPEC 3.2: the author may contribute to this network.
  if (!view.mayContribute(message.author)) return reject('not-a-contributor')
  // [REJECT] SPEC 3.3: vouchers are not known to this version.
  if (message.voucher !== undefined) return reject('unsupported-voucher')
  return ACCEPT
}

/** SPEC 3: what to do with a signed contribution. */
export function judgeContribution({ message, id }: Signed<Contribution>, view: ContributionView): Verdict {
  const terms = judgeTerms(message, view)
  if (terms.verdict !== 'accept') return terms
  // [IGNORE] SPEC 3.4: known already.
  if (view.isKnown(id)) return ignore('known')
  // [IGNORE] SPEC 3.5: a round that we have not reached.
  if (message.round > view.round) return ignore('future-round')
  const parent = view.parentOf(message.parent, message.round)
  if (parent === null) {
    // [REJECT] SPEC 3.6: parent must be the round's base. [IGNORE] SPEC 3.7: an earlier round's contribution is late.
    return message.round === view.round ? reject('wrong-parent') : ignore('past-round')
  }
  // [REJECT] SPEC 3.8: its parent's own weights are no contribution.
  if (equalCids(message.checkpoint, parent.weights)) return reject('no-change')
  // [IGNORE] SPEC 3.10: a late one that was in a base already.
  if (parent.staleness > 0 && view.isSpent(message.checkpoint)) return ignore('replay')
  // [IGNORE] SPEC 3.9: at most two by one author.
  if (view.countByAuthor(message.author) >= MAX_PER_AUTHOR) return ignore('author-limit')
  return ACCEPT
}
