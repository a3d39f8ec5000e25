import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { eligibleIds, selectInputs } from '../../protocols/lineage/pipeline.ts'
import type { InclusionList } from '../../protocols/round/messages.ts'
import { compareCids, toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { MAX_LISTS_PER_ROUND } from '../../protocols/wire/limits.ts'
import { type Draft, isSelf, say, setTimer } from './draft.ts'
import type { ContributionEntry, RoundState, SignedContribution } from './state.ts'
import { lineageView, toCandidate } from './views.ts'

/** Why a checkpoint could not be had, as opposed to being wrong: worth another try from somebody else. */
export const UNAVAILABLE = 'unavailable'

/** Contributions that one round remembers; twice what every list together can name usefully. */
const MAX_REMEMBERED = 1024

export function takeContribution(draft: Draft, signed: Signed<Contribution>): void {
  addContribution(draft, toCandidate(signed), null)
}

/** Remembers a contribution, and fetches its bytes if we vote. `from` is a member that lists it. */
export function addContribution(draft: Draft, contribution: SignedContribution, from: Uint8Array | null): void {
  const { state, effects } = draft
  const id = String(contribution.id)
  state.known.add(id)
  const lister = from ?? state.unseen.get(id) ?? null
  state.unseen.delete(id)
  if (state.contributions.has(id) || state.contributions.size >= MAX_REMEMBERED) return
  const mustFetch = state.self !== null
  state.contributions.set(id, { contribution, state: mustFetch ? 'fetching' : 'announced', reason: null })
  if (mustFetch) effects.push({ type: 'fetch-checkpoint', contribution, from: lister })
}

/** Tries once more, from a member that lists it, what nobody gave us before. */
export function fetchAgain({ state, effects }: Draft, id: CID, from: Uint8Array): void {
  const entry = state.contributions.get(String(id))
  if (state.self === null || entry?.state !== 'refused' || entry.reason !== UNAVAILABLE) return
  state.contributions.set(String(id), { ...entry, state: 'fetching', reason: null })
  effects.push({ type: 'fetch-checkpoint', contribution: entry.contribution, from })
}

export function takeCheckpoint({ state }: Draft, id: CID, reason: string | null): void {
  const entry = state.contributions.get(String(id))
  if (!entry || entry.state === 'held') return
  state.contributions.set(String(id), { ...entry, state: reason === null ? 'held' : 'refused', reason })
}

/** SPEC round 4.1: fetch what others list, first from the lister. */
export function takeList(draft: Draft, signed: Signed<InclusionList>): void {
  const { state, effects } = draft
  const { author, contributions, seq } = signed.message
  const held = state.lists.get(toHex(author))
  if (held && held.message.seq >= seq) return
  state.lists.set(toHex(author), signed)
  if (isSelf(state, author)) return
  const unseen = contributions.filter((id) => !state.contributions.has(String(id)))
  for (const id of unseen) state.unseen.set(String(id), author)
  if (unseen.length > 0) effects.push({ type: 'fetch-contributions', ids: unseen, from: author })
  for (const id of contributions) fetchAgain(draft, id, author)
}

/** Publishes our list when its time has come, and a longer one when something was gained. */
export function publishList(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase === 'adopt') return
  const own = state.lists.get(toHex(state.self))?.message ?? null
  const isDue = own === null ? isFirstListDue(draft) : isLongerListDue(state, own)
  if (!isDue) return
  const contributions = ownListing(state, own)
  const seq = own === null ? 0 : own.seq + 1
  say(draft, { kind: 'list/1', round: state.round, parent: state.head.base, seq, contributions })
}

function isFirstListDue(draft: Draft): boolean {
  const { state } = draft
  // f + 1 others published: an honest one found the time right.
  if (state.lists.size >= state.network.threshold) return true
  if (!state.isCollectOver || heldInputs(state) < state.network.genesis.round.minContributions) return false
  if (!state.isGraceStarted) {
    state.isGraceStarted = true
    setTimer(draft, 'grace', state.network.genesis.round.graceMs)
  }
  return state.isGraceOver
}

function isLongerListDue(state: RoundState, own: InclusionList): boolean {
  if (own.seq + 1 >= MAX_LISTS_PER_ROUND) return false
  const mine = new Set(own.contributions.map(String))
  const listed = listedByOthers(state)
  const isStillFetching = [...listed].some((id) => state.contributions.get(id)?.state === 'fetching')
  const gained = held(state).filter((entry) => !mine.has(String(entry.contribution.id)))
  if (gained.length === 0 || isStillFetching) return false
  const tooFew = mine.size < state.network.genesis.round.minContributions
  return tooFew || gained.some((entry) => listed.has(String(entry.contribution.id)))
}

function ownListing(state: RoundState, own: InclusionList | null): readonly CID[] {
  const limit = 2 * state.network.genesis.round.maxContributions
  const ids = new Map((own?.contributions ?? []).map((id) => [String(id), id]))
  for (const { contribution } of held(state)) {
    if (ids.size < limit) ids.set(String(contribution.id), contribution.id)
  }
  return [...ids.values()].sort(compareCids)
}

function listedByOthers(state: RoundState): Set<string> {
  const others = [...state.lists.values()].filter(({ message }) => !isSelf(state, message.author))
  return new Set(others.flatMap(({ message }) => message.contributions.map(String)))
}

function held(state: RoundState): readonly ContributionEntry[] {
  return [...state.contributions.values()].filter((entry) => entry.state === 'held')
}

/** How many of the contributions that we hold would be inputs if everybody held the same. */
export function heldInputs(state: RoundState): number {
  const candidates = held(state).map((entry) => entry.contribution)
  const lists = [candidates.map(({ id }) => id)]
  return selectInputs(candidates, { ...lineageView(state.network, state.head), lists, threshold: 1 }).inputs.length
}

/** Contributions that the chosen lists make eligible; null while we miss one of them. */
export function eligibleContributions(
  state: RoundState,
  lists: readonly Signed<InclusionList>[],
): readonly SignedContribution[] | null {
  const ids = eligibleIds(
    lists.map(({ message }) => message.contributions),
    state.network.threshold,
  )
  const entries = ids.map((id) => state.contributions.get(String(id)))
  const found = entries.flatMap((entry) => (entry ? [entry.contribution] : []))
  return found.length === ids.length ? found : null
}
