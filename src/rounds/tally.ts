import type { CID } from 'multiformats/cid'
import type { Precommit, Prevote, Proposal } from '../../protocols/round/messages.ts'
import { equalBytes, equalCids, toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { slotOf } from './draft.ts'
import type { RoundState } from './state.ts'

type Vote = Prevote | Precommit
type VoteKind = Vote['kind']
/** What one member may say once a view. */
export type SignedSlot = Signed<Proposal | Vote>

/** Views ahead of ours whose messages are kept. Of later ones we only remember who is there; sync brings them when we are. */
const VIEWS_KEPT_AHEAD = 32

/**
 * Keeps a vote or proposal; returns the one of the same author and slot that it contradicts, if any.
 * The first one of a slot counts. What an equivocator says besides counts for its own base only, as in the paper where
 * every message stays: who locked on it needs it to be freed.
 */
export function keep(state: RoundState, signed: SignedSlot): SignedSlot | null {
  const { message } = signed
  const author = toHex(message.author)
  state.reached.set(author, Math.max(state.reached.get(author) ?? 0, message.view))
  const first = firstOf(state, message)
  if (!first) {
    if (message.view > state.view + VIEWS_KEPT_AHEAD) return null
    state.known.add(String(signed.id))
    keepFirst(state, signed)
    return null
  }
  if (equalCids(first.id, signed.id)) return null
  if (!isSurplus(state, signed)) {
    state.known.add(String(signed.id))
    const slot = slotOf(message)
    state.doubles.set(slot, [...(state.doubles.get(slot) ?? []), signed])
  }
  return first
}

function keepFirst(state: RoundState, signed: SignedSlot): void {
  const { message } = signed
  if (message.kind === 'proposal/1') state.proposals.set(message.view, { ...signed, message })
  else if (message.kind === 'prevote/1') addVote(state.prevotes, { ...signed, message })
  else addVote(state.precommits, { ...signed, message })
}

function addVote<V extends Vote>(votes: Map<number, ReadonlyMap<string, Signed<V>>>, signed: Signed<V>): void {
  const { view, author } = signed.message
  votes.set(view, new Map(votes.get(view)).set(toHex(author), signed))
}

function firstOf(state: RoundState, message: Proposal | Vote): SignedSlot | undefined {
  if (message.kind === 'proposal/1') return state.proposals.get(message.view)
  return firstVotes(state, message.kind, message.view).get(toHex(message.author))
}

/**
 * True for what an equivocator said too often: one contradiction is evidence enough. More are kept only when f + 1 members
 * voted for the same base, so that memory is bounded and a quorum that formed can still be shown.
 */
export function isSurplus(state: RoundState, signed: SignedSlot): boolean {
  const { message, id } = signed
  const first = firstOf(state, message)
  if (!first || equalCids(first.id, id)) return false
  const doubles = (state.doubles.get(slotOf(message)) ?? []).filter((other) => isBy(other, message.author))
  if (doubles.some((other) => equalCids(other.id, id))) return true
  if (doubles.length === 0) return false
  if (message.base === null) return true
  const { base, view } = message
  const kind = message.kind === 'proposal/1' ? 'prevote/1' : message.kind
  const supporters = [...firstVotes(state, kind, view).values()].filter((vote) => equalCids(vote.message.base, base))
  return supporters.length < state.network.threshold
}

const isBy = (signed: SignedSlot, author: Uint8Array) => equalBytes(signed.message.author, author)

const NO_VOTES: ReadonlyMap<string, Signed<Vote>> = new Map()

/** The first vote of each member in a view. */
export function firstVotes(state: RoundState, kind: VoteKind, view: number): ReadonlyMap<string, Signed<Vote>> {
  return (kind === 'prevote/1' ? state.prevotes : state.precommits).get(view) ?? NO_VOTES
}

/** Votes of distinct members for exactly this base, or for nil. */
export function votesFor(state: RoundState, kind: VoteKind, view: number, base: CID | null): readonly Signed<Vote>[] {
  const firsts = [...firstVotes(state, kind, view).values()].filter((vote) => equalCids(vote.message.base, base))
  const doubles = (state.doubles.get(slotOf({ kind, view })) ?? []).flatMap((signed) => {
    const { message } = signed
    return message.kind === kind && equalCids(message.base, base) ? [{ ...signed, message }] : []
  })
  return [...firsts, ...doubles]
}

/** The proposal of a view that a quorum prevoted; of an equivocating aggregator's, not always the one that came first. */
export function prevotedProposal(state: RoundState, view: number): Signed<Proposal> | null {
  const first = state.proposals.get(view)
  const doubles = (state.doubles.get(slotOf({ kind: 'proposal/1', view })) ?? []).flatMap((signed) => {
    const { message } = signed
    return message.kind === 'proposal/1' ? [{ ...signed, message }] : []
  })
  const all = first ? [first, ...doubles] : []
  return all.find(({ message }) => hasQuorum(state, 'prevote/1', view, message.base)) ?? null
}

/** Members that voted in a view, for whatever. */
export function countVoters(state: RoundState, kind: VoteKind, view: number): number {
  return firstVotes(state, kind, view).size
}

export function hasQuorum(state: RoundState, kind: VoteKind, view: number, base: CID | null): boolean {
  return votesFor(state, kind, view, base).length >= state.network.quorum
}

/** The highest view that f + 1 members reached: an honest one of them did. */
export function reachedView(state: RoundState): number {
  const views = [...state.reached.values()].sort((a, b) => b - a)
  return views[state.network.threshold - 1] ?? -1
}
