import type { CID } from 'multiformats/cid'
import { compareCids, equalBytes, equalCids } from '../wire/bytes.ts'
import type { Signed } from '../wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import type { InclusionList, Precommit, Prevote, Proposal } from './messages.ts'

/** What the judges of a round's messages ask. */
export interface RoundView {
  readonly round: number
  /** The view being run; -1 before the first. */
  readonly view: number
  readonly base: CID
  /** Of a round; null where it is not known. */
  maxContributions(round: number): number | null
  /** Of the committee of a round; null where that committee is not known. */
  isMember(key: Uint8Array, round: number): boolean | null
  aggregator(view: number): Uint8Array
  isKnown(id: CID): boolean
  /** The list with the highest seq that is held of this member. */
  listOf(author: Uint8Array): InclusionList | null
}

/** Views ahead of ours that are remembered; sync brings what lies further. */
export const MAX_VIEWS_AHEAD = 1000

export type RoundMessage = InclusionList | Proposal | Prevote | Precommit

/** SPEC 4: what to do with a signed message of the committee. */
export function judgeRoundMessage(signed: Signed<RoundMessage>, view: RoundView): Verdict {
  const { message } = signed
  // [REJECT] SPEC 4.1: the author is a member of the committee of that round. Others' committees are not all known.
  if (view.isMember(message.author, message.round) === false) return reject('not-a-member')
  const shape = judgeShape(message, view)
  if (shape.verdict !== 'accept') return shape
  // [IGNORE] SPEC 4.2: known already, or of another round.
  if (view.isKnown(signed.id)) return ignore('known')
  if (message.round < view.round) return ignore('past-round')
  if (message.round > view.round) return ignore('future-round')
  if (message.kind === 'list/1') return judgeList(message, view)
  // [IGNORE] SPEC 4.9: a view so far ahead that remembering it would cost memory for nothing.
  return message.view > view.view + MAX_VIEWS_AHEAD ? ignore('far-view') : ACCEPT
}

/** Facts about the message alone and the network's unchanging rules, true in whichever round we are. */
function judgeShape(message: RoundMessage, view: RoundView): Verdict {
  if (message.kind === 'list/1') {
    const ids = message.contributions
    // [REJECT] SPEC 4.3: ids strictly ascending, at most 2 × maxContributions of that round.
    const most = view.maxContributions(message.round)
    if (most !== null && ids.length > 2 * most) return reject('too-many-listed')
    if (ids.some((id, i) => i > 0 && compareCids(ids[i - 1] ?? id, id) >= 0)) return reject('unsorted-list')
  }
  if (message.kind === 'proposal/1') {
    // [REJECT] SPEC 4.4: what is proposed again was valid in an earlier view.
    if (message.validView !== null && message.validView >= message.view) return reject('valid-view-not-earlier')
  }
  if (message.round === view.round) return judgeTurn(message, view)
  return ACCEPT
}

function judgeTurn(message: RoundMessage, view: RoundView): Verdict {
  // [REJECT] SPEC 4.5: only the view's aggregator proposes.
  if (message.kind === 'proposal/1' && !equalBytes(message.author, view.aggregator(message.view))) {
    return reject('not-the-aggregator')
  }
  // [REJECT] SPEC 4.6: a list is for the round's base.
  if (message.kind === 'list/1' && !equalCids(message.parent, view.base)) return reject('wrong-parent')
  return ACCEPT
}

function judgeList(list: InclusionList, view: RoundView): Verdict {
  const held = view.listOf(list.author)
  if (held === null) return ACCEPT
  // [IGNORE] SPEC 4.7: not newer than the one held.
  if (list.seq <= held.seq) return ignore('older-list')
  // [REJECT] SPEC 4.8: a higher seq may only add.
  const listed = new Set(list.contributions.map(String))
  return held.contributions.every((id) => listed.has(String(id))) ? ACCEPT : reject('dropped-entry')
}
