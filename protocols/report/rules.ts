import type { CID } from 'multiformats/cid'
import type { Signed } from '../wire/envelope.ts'
import { ACCEPT, ignore, reject, type Verdict } from '../wire/verdict.ts'
import type { Report } from './messages.ts'

/** What a judge of reports asks about the network and the reports that it holds. */
export interface ReportView {
  /** The round of a certified base of this network, 0 for the genesis' base; null for any other CID. */
  roundOf(base: CID): number | null
  isKnown(id: CID): boolean
  /** `seq` of the report that is held of this author about the same base, task, mode and metric; null where there is none. */
  heldSeq(message: Report): number | null
  /** Reports of this author about this base that are held. */
  countByAuthor(base: CID, author: Uint8Array): number
  /** Reports about this base that are held. */
  countOf(base: CID): number
}

/** A hundred and more tasks in one mode, or forty in three. */
export const MAX_PER_AUTHOR_AND_BASE = 128
export const MAX_PER_BASE = 1024
/**
 * Accuracies lie between 0 and 1: two seeds, one at each end, have this error, and no more seeds have a larger one. Correlations lie between
 * -1 and 1: twice as much, which the field itself limits.
 */
const MAX_ERROR = { 'report/1': 500_000_000, 'metric-report/1': 1_000_000_000 }

/** SPEC 10: what to do with a signed report. */
export function judgeReport({ message, id }: Signed<Report>, view: ReportView): Verdict {
  const { kind, base, author, seeds, standardError } = message
  // [REJECT] SPEC 10.1: seeds ascend, each once.
  if (seeds.some((seed, index) => index > 0 && seed <= (seeds[index - 1] ?? 0))) return reject('unsorted-seeds')
  // [REJECT] SPEC 10.2: one seed has no error, several have at most what two at both ends have.
  if (standardError > (seeds.length === 1 ? 0 : MAX_ERROR[kind])) return reject('impossible-error')
  // [IGNORE] SPEC 10.3: known already.
  if (view.isKnown(id)) return ignore('known')
  const round = view.roundOf(base)
  // [IGNORE] SPEC 10.4: a base that we don't know; it may be newer than ours.
  if (round === null) return ignore('unknown-base')
  // [REJECT] SPEC 10.5: the base is of another round.
  if (message.round !== round) return reject('wrong-round')
  const held = view.heldSeq(message)
  // [IGNORE] SPEC 10.6: one that is as new is held; a newer one takes its place.
  if (held !== null) return message.seq > held ? ACCEPT : ignore('not-newer')
  // [IGNORE] SPEC 10.7: the author has said enough about this base.
  if (view.countByAuthor(base, author) >= MAX_PER_AUTHOR_AND_BASE) return ignore('author-limit')
  // [IGNORE] SPEC 10.8: enough is held about this base.
  if (view.countOf(base) >= MAX_PER_BASE) return ignore('base-limit')
  return ACCEPT
}
