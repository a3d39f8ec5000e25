import type { CID } from 'multiformats/cid'
import type { InclusionList } from '../../protocols/round/messages.ts'
import { compareCids, toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { MAX_LISTS_PER_ROUND } from '../../protocols/wire/limits.ts'
import { byTicket, held, noteLister, usefulAmong } from './collect.ts'
import { contradictedList } from './contradicted-list.ts'
import { type Draft, isSelf, say, setTimer } from './draft.ts'
import { withoutBlamed } from './gate.ts'
import type { ContributionEntry, RoundState } from './state.ts'

/** Lists before the second view. Each view allows one more, so that nobody can make us spend them all at once. */
const LISTS_AT_FIRST = 3

/**
 * SPEC 9.1: fetch what others list, first from the lister. Returns the list that this one contradicts, if any: the first
 * that was seen counts, and both are kept for whoever asks.
 */
export function takeList(draft: Draft, signed: Signed<InclusionList>): Signed<InclusionList> | null {
  const { state, effects } = draft
  const { author, contributions, seq } = signed.message
  const contradicted = contradictedList(state, signed)
  if (contradicted) {
    if (state.accused.has(toHex(author))) return contradicted
    state.known.add(String(signed.id))
    state.doubleLists.set(toHex(author), [contradicted, signed])
    return contradicted
  }
  const before = state.lists.get(toHex(author))
  if (before && before.message.seq >= seq) return null
  state.known.add(String(signed.id))
  state.lists.set(toHex(author), signed)
  state.listed.set(toHex(author), [...(state.listed.get(toHex(author)) ?? []), signed])
  for (const id of contributions) noteLister(draft, id, author)
  if (isSelf(state, author)) return null
  const unseen = contributions.filter((id) => !state.contributions.has(String(id)))
  if (unseen.length > 0) effects.push({ type: 'fetch-contributions', ids: unseen, from: author })
  return null
}

/** In each new view: asks for what f + 1 lists name and nobody told us of yet, each time another lister. */
export function fetchListed({ state, effects }: Draft): void {
  const wanted = new Map<string, { from: Uint8Array; ids: CID[] }>()
  for (const [id, { id: cid, keys }] of state.listers) {
    const others = keys.filter((key) => !isSelf(state, key))
    const from = others[state.view % Math.max(1, others.length)]
    if (!from || keys.length < state.network.threshold || state.contributions.has(id)) continue
    const request = wanted.get(toHex(from)) ?? { from, ids: [] }
    request.ids.push(cid)
    wanted.set(toHex(from), request)
  }
  for (const { from, ids } of wanted.values()) effects.push({ type: 'fetch-contributions', ids, from })
}

/** Publishes our list when its time has come, and a longer one when something was gained. */
export function publishList(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase === 'adopt') return
  const own = state.lists.get(toHex(state.self))?.message ?? null
  const isDue = own === null ? isFirstListDue(draft) : isLongerListDue(draft, own)
  if (!isDue) return
  const { round, head } = state
  const contributions = ownListing(state, own)
  if (own && contributions.length === own.contributions.length) return
  const mine = new Set(own?.contributions.map(String))
  const proof = contributions.flatMap((id) => {
    const entry = state.contributions.get(String(id))
    return entry && !mine.has(String(id)) ? [entry.contribution.signed] : []
  })
  state.isGainOver = false
  say(draft, { kind: 'list/1', round, parent: head.base, seq: (own?.seq ?? -1) + 1, contributions }, { proof })
}

/** What we hold and would have in a base. */
const offered = (state: RoundState) => withoutBlamed(state, held(state))

function isFirstListDue(draft: Draft): boolean {
  const { state } = draft
  // f + 1 others published: an honest one found the time right.
  if (state.lists.size >= state.network.threshold) return true
  // A rollback waits for nobody: it takes no contributions.
  if (state.rollback !== null) return true
  if (!state.isCollectOver) return false
  // An amendment does not wait for contributions: the round may end empty, and carries it all the same.
  const isEnough = usefulAmong(state, offered(state)).size >= state.network.terms.round.minContributions
  if (!isEnough && state.ratification === null) return false
  if (!state.isGraceStarted) {
    state.isGraceStarted = true
    setTimer(draft, 'grace', state.network.terms.round.graceMs)
  }
  return state.isGraceOver
}

/** Something that others list was gained, or something that brings us to enough. */
function isLongerListDue(draft: Draft, own: InclusionList): boolean {
  const { state } = draft
  const { minContributions, viewTimeoutMs } = state.network.terms.round
  const next = own.seq + 1
  if (next >= Math.min(MAX_LISTS_PER_ROUND, LISTS_AT_FIRST + Math.max(0, state.view))) return false
  const mine = new Set(own.contributions.map(String))
  const gained = offered(state).filter(({ contribution }) => !mine.has(String(contribution.id)))
  if (gained.length === 0) return false
  const isListed = gained.some(({ contribution }) => state.listers.has(String(contribution.id)))
  if (!isListed) {
    const listed = held(state).filter(({ contribution }) => mine.has(String(contribution.id)))
    const before = usefulAmong(state, listed).size
    if (before >= minContributions || usefulAmong(state, offered(state)).size <= before) return false
  }
  // Others' contributions may be on their way: a little patience saves a list.
  setTimer(draft, 'gain', viewTimeoutMs)
  return state.isGainOver || !isFetchingListed(state)
}

function isFetchingListed(state: RoundState): boolean {
  return [...state.listers.keys()].some((id) => {
    const entry = state.contributions.get(id)
    return entry?.state === 'fetching' || entry?.state === 'announced'
  })
}

/**
 * What we hold, in lottery order, up to what a list may name. What others list comes first, and half of the list is kept for
 * it: so lists that spam fills have something in common. What could be no input (copies,
 * replays) is left out unless others list it.
 */
function ownListing(state: RoundState, own: InclusionList | null): readonly CID[] {
  const { maxContributions } = state.network.terms.round
  const ids = new Map((own?.contributions ?? []).map((id) => [String(id), id]))
  const entries = [...offered(state)].sort(byTicket)
  const useful = usefulAmong(state, firstsAmong(offered(state)))
  const isListed = (id: CID) => state.listers.get(String(id))?.keys.some((key) => !isSelf(state, key)) === true
  const fresh = entries.filter((entry) => !ids.has(String(entry.contribution.id)))
  const room = maxContributions - [...ids.values()].filter((id) => !isListed(id)).length
  const listed = fresh.filter((entry) => isListed(entry.contribution.id))
  const unlisted = fresh
    .filter((entry) => !isListed(entry.contribution.id) && useful.has(entry))
    .slice(0, Math.max(0, room))
  for (const { contribution } of [...listed, ...unlisted]) {
    if (ids.size < 2 * maxContributions) ids.set(String(contribution.id), contribution.id)
  }
  return [...ids.values()].sort(compareCids)
}

/** Of those with the same checkpoint the one that was announced first, whatever the lottery says: who copies comes later. */
function firstsAmong(entries: readonly ContributionEntry[]): readonly ContributionEntry[] {
  const seen = new Set<string>()
  return entries.filter(({ contribution }) => {
    const checkpoint = String(contribution.checkpoint)
    if (seen.has(checkpoint)) return false
    seen.add(checkpoint)
    return true
  })
}
