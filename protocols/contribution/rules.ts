import type { CID } from 'multiformats/cid'
import { equalBytes, equalCids } from '../wire/bytes.ts'
import type { Signed } from '../wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import type { Contribution } from './messages.ts'

/** What is in force in the round that a contribution is looked at in. */
export interface TermsView {
  /** Size of every checkpoint of this network. */
  readonly bytes: number
  readonly contributors: 'open' | 'vouched' | readonly Uint8Array[]
  /** True for members of the round's committee. */
  isMember(key: Uint8Array): boolean
  /** Whether this envelope lets the author contribute in the round (membership, 8). */
  judgeVoucher(envelope: Uint8Array, author: Uint8Array): Verdict
}

/** What a judge of contributions asks about the network. */
export interface ContributionView extends TermsView {
  /** The round being run. */
  readonly round: number
  /** The round's base. */
  readonly base: CID
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
export function judgeTerms(message: Contribution, view: TermsView): Verdict {
  // [REJECT] SPEC 3.1: a checkpoint has the size of its base's.
  if (message.bytes !== view.bytes) return reject('wrong-size')
  return judgeContributor(message, view)
}

/** SPEC 3.2 and 3.3: whether somebody may contribute, with this voucher or without any. */
export function judgeContributor(
  { author, voucher }: Pick<Contribution, 'author' | 'voucher'>,
  view: Omit<TermsView, 'bytes'>,
): Verdict {
  const { contributors } = view
  // [REJECT] SPEC 3.2: the author may contribute to this network.
  if (typeof contributors !== 'string' && !contributors.some((key) => equalBytes(key, author))) {
    return reject('not-a-contributor')
  }
  if (contributors === 'vouched' && voucher === undefined && !view.isMember(author)) return reject('no-voucher')
  // [REJECT] SPEC 3.3: a voucher where vouchers count, and one that holds.
  if (voucher === undefined) return ACCEPT
  return contributors === 'vouched' ? view.judgeVoucher(voucher, author) : reject('unsupported-voucher')
}

/** SPEC 3: what to do with a signed contribution. */
export function judgeContribution({ message, id }: Signed<Contribution>, view: ContributionView): Verdict {
  const terms = judgeTerms(message, view)
  // The size never changes; who may contribute is a fact about the message in its own round only.
  const isFact = message.bytes !== view.bytes || message.round === view.round
  if (terms.verdict !== 'accept' && isFact) return terms
  // [IGNORE] SPEC 3.4: known already.
  if (view.isKnown(id)) return ignore('known')
  // [IGNORE] SPEC 3.5: a round that we have not reached.
  if (message.round > view.round) return ignore('future-round')
  // [IGNORE] SPEC 3.10: of an earlier round, by somebody who may not contribute in this one.
  if (terms.verdict !== 'accept') return ignore(terms.reason)
  const parent = view.parentOf(message.parent, message.round)
  if (parent === null) {
    // [REJECT] SPEC 3.6: parent must be the round's base. [IGNORE] SPEC 3.7: an earlier round's contribution is late.
    return message.round === view.round ? reject('wrong-parent') : ignore('past-round')
  }
  // [REJECT] SPEC 3.8: its parent's own weights are no contribution.
  if (equalCids(message.checkpoint, parent.weights)) return reject('no-change')
  // [IGNORE] SPEC 3.11: a late one that was in a base already.
  if (parent.staleness > 0 && view.isSpent(message.checkpoint)) return ignore('replay')
  // [IGNORE] SPEC 3.9: at most two by one author.
  if (view.countByAuthor(message.author) >= MAX_PER_AUTHOR) return ignore('author-limit')
  return ACCEPT
}
