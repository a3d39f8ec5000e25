import type { CID } from 'multiformats/cid'
import { compareBytes, compareCids, equalCids, toHex } from '../wire/bytes.ts'
import { lotteryTicket } from '../wire/election.ts'
import type { ExclusionReason } from './messages.ts'

/** What the pipeline needs to know of a contribution. */
export interface Candidate {
  readonly id: CID
  readonly author: Uint8Array
  readonly round: number
  readonly parent: CID
  readonly checkpoint: CID
}

/** The base that a contribution was trained from, where a round takes it. */
export interface TrainedFrom {
  /** Certified rounds with inputs since that base; 0: the round's base has its weights. */
  readonly staleness: number
  /** CID of its weights. */
  readonly weights: CID
}

export interface PipelineFacts {
  /** Contribution ids of each quoted list. */
  readonly lists: readonly (readonly CID[])[]
  /** Lists that must name a contribution: f + 1. */
  readonly threshold: number
  readonly seed: Uint8Array
  readonly maxContributions: number
  /** CID of the round base's weights. */
  readonly baseWeights: CID
  /** Null for a parent that is not admissible for a contribution to `round`. */
  parentOf(parent: CID, round: number): TrainedFrom | null
  /** True for checkpoints of bases and inputs of the last `historyRounds` lineages. */
  isRecent(checkpoint: CID): boolean
}

export interface Selection {
  /** In id order. */
  readonly inputs: readonly Candidate[]
  /** In id order. */
  readonly excluded: readonly { readonly candidate: Candidate; readonly reason: ExclusionReason }[]
}

/** Ids that enough lists name, ascending. */
export function eligibleIds(lists: readonly (readonly CID[])[], threshold: number): readonly CID[] {
  const counts = countListed(lists)
  return [...counts.values()]
    .filter(({ count }) => count >= threshold)
    .map(({ id }) => id)
    .sort(compareCids)
}

function countListed(lists: readonly (readonly CID[])[]): Map<string, { id: CID; count: number }> {
  const counts = new Map<string, { id: CID; count: number }>()
  for (const list of lists) {
    // Once per list, however often the list repeats it.
    for (const [text, id] of new Map(list.map((id) => [String(id), id]))) {
      counts.set(text, { id, count: (counts.get(text)?.count ?? 0) + 1 })
    }
  }
  return counts
}

/**
 * SPEC 6: which of the eligible contributions are a round's inputs: a pure function that every member and every later
 * verifier recomputes. `candidates` are those of `eligibleIds`.
 */
export function selectInputs(candidates: readonly Candidate[], facts: PipelineFacts): Selection {
  const counts = countListed(facts.lists)
  const ranked = candidates
    .map((candidate) => ({
      candidate,
      count: counts.get(String(candidate.id))?.count ?? 0,
      ticket: lotteryTicket(candidate.author, facts.seed),
      from: facts.parentOf(candidate.parent, candidate.round),
    }))
    .sort(
      (a, b) =>
        b.count - a.count ||
        compareBytes(a.ticket, b.ticket) ||
        (a.from?.staleness ?? 0) - (b.from?.staleness ?? 0) ||
        compareCids(a.candidate.id, b.candidate.id),
    )

  const excluded: { candidate: Candidate; reason: ExclusionReason }[] = []
  const authors = new Set<string>()
  const checkpoints = new Set<string>()
  const admitted = ranked
    .filter(keep('parent', ({ from }) => from !== null))
    .filter(
      keep('no-change', ({ candidate: { checkpoint }, from }) => {
        return !equalCids(checkpoint, facts.baseWeights) && !equalCids(checkpoint, from?.weights ?? null)
      }),
    )
    .filter(keep('replay', ({ candidate }) => !facts.isRecent(candidate.checkpoint)))
    .filter(keep('author', ({ candidate }) => isFirst(authors, toHex(candidate.author))))
    .filter(keep('copy', ({ candidate }) => isFirst(checkpoints, String(candidate.checkpoint))))
    .sort((a, b) => compareBytes(a.ticket, b.ticket) || compareCids(a.candidate.id, b.candidate.id))
    .filter(keep('lottery', (_, i) => i < facts.maxContributions))

  return {
    inputs: admitted.map(({ candidate }) => candidate).sort((a, b) => compareCids(a.id, b.id)),
    excluded: excluded.sort((a, b) => compareCids(a.candidate.id, b.candidate.id)),
  }

  function keep(reason: ExclusionReason, test: (entry: (typeof ranked)[number], index: number) => boolean) {
    return (entry: (typeof ranked)[number], index: number) => {
      const isKept = test(entry, index)
      if (!isKept) excluded.push({ candidate: entry.candidate, reason })
      return isKept
    }
  }
}

function isFirst(seen: Set<string>, value: string): boolean {
  if (seen.has(value)) return false
  seen.add(value)
  return true
}
