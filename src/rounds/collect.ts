import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { type Selection, selectInputs } from '../../protocols/lineage/pipeline.ts'
import { compareBytes, equalBytes, equalCids, toHex } from '../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../protocols/wire/election.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { meetsTerms } from './contributors.ts'
import { type Draft, isSelf } from './draft.ts'
import { withoutBlamed } from './gate.ts'
import type { ContributionEntry, Head, RoundState, SignedContribution } from './state.ts'
import { isRecent, lineageView, parentOf, toCandidate } from './views.ts'

/** Why a checkpoint could not be had, as opposed to being wrong: worth another try from somebody else. */
export const UNAVAILABLE = 'unavailable'
/** Why a late checkpoint is refused whose sum with the base's progress its type can't hold. Another base may differ. */
export const NOT_REBASED = 'rebased-not-finite'

/** Contributions that one round remembers, besides those that lists and lineages name. */
export const MAX_REMEMBERED = 1024
/** Many at once, so that spam costs little each. */
const FORGOTTEN_AT_ONCE = 128
/** Checkpoints that are fetched at once of those that one member lists, or nobody. */
const MAX_AT_ONCE = 8

export function takeContribution(draft: Draft, signed: Signed<Contribution>): void {
  remember(draft, toCandidate(signed))
}

/** Remembers a contribution; when there are too many, those that are worth least go. */
export function remember({ state }: Draft, contribution: SignedContribution): void {
  const id = String(contribution.id)
  if (state.contributions.has(id)) return
  const ticket = lotteryTicket(contribution.author, roundSeed(state.network.id, state.round))
  state.contributions.set(id, { contribution, state: 'announced', reason: null, ticket, asked: [] })
  state.known.add(id)
  if (state.contributions.size > MAX_REMEMBERED) forgetSome(state)
}

/** Of what nobody lists: what was refused, then what could be no input, then the last in the lottery. */
function forgetSome(state: RoundState): void {
  const unnamed = [...state.contributions].flatMap(([id, entry]) => (state.listers.has(id) ? [] : [entry]))
  const useful = usefulAmong(state, unnamed)
  const worth = (entry: ContributionEntry) => (entry.state === 'refused' ? 0 : useful.has(entry) ? 2 : 1)
  unnamed.sort((a, b) => worth(a) - worth(b) || byTicket(b, a))
  for (const { contribution } of unnamed.slice(0, FORGOTTEN_AT_ONCE)) {
    state.contributions.delete(String(contribution.id))
    state.known.delete(String(contribution.id))
  }
}

/** The choice of inputs if everybody listed exactly these, and a round took any number; `preferred` are listed once more. */
export function selectAmong(
  state: RoundState,
  entries: readonly ContributionEntry[],
  preferred: readonly CID[] = [],
): Selection {
  const candidates = entries.map((entry) => entry.contribution)
  const lists = [candidates.map(({ id }) => id), preferred]
  const facts = { ...lineageView(state.head), lists, threshold: 1, maxContributions: entries.length }
  return selectInputs(candidates, facts)
}

/** What that choice takes: no copies, no replays. */
export function usefulAmong(state: RoundState, entries: readonly ContributionEntry[]): ReadonlySet<ContributionEntry> {
  const inputs = new Set(selectAmong(state, entries).inputs.map(({ id }) => String(id)))
  return new Set(entries.filter((entry) => inputs.has(String(entry.contribution.id))))
}

/** In lottery order. */
export function byTicket(a: ContributionEntry, b: ContributionEntry): number {
  return compareBytes(a.ticket, b.ticket)
}

/** Notes who lists a contribution: it must be had, and there is where to ask. */
export function noteLister({ state }: Draft, id: CID, key: Uint8Array): void {
  const { keys } = state.listers.get(String(id)) ?? { keys: [] }
  if (keys.some((other) => equalBytes(other, key))) return
  state.listers.set(String(id), { id, keys: [...keys, key] })
}

/**
 * Asks for bytes: of what f + 1 lists name at once, of what fewer name a few at a time of each lister, and again of the next
 * lister while nobody gives them; of the rest a few at a time in lottery order, up to what one list can name.
 */
export function fetchCheckpoints(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase === 'adopt') return
  const running = new Map<string, number>()
  for (const entry of state.contributions.values()) {
    const source = entry.asked.at(-1) ?? ''
    if (entry.state === 'fetching') running.set(source, (running.get(source) ?? 0) + 1)
  }
  for (const [id, { keys }] of state.listers) {
    const entry = state.contributions.get(id)
    if (!entry || (entry.state !== 'announced' && !isUnavailable(entry))) continue
    const next = keys.find((key) => !isSelf(state, key) && !entry.asked.includes(toHex(key)))
    if (!next && entry.state !== 'announced') continue
    const source = next ? toHex(next) : ''
    const count = running.get(source) ?? 0
    if (next && count >= MAX_AT_ONCE && keys.length < state.network.threshold) continue
    running.set(source, count + 1)
    ask(draft, entry, next ?? null)
  }
  fetchUnnamed(draft)
}

function fetchUnnamed(draft: Draft): void {
  const { state } = draft
  const unnamed = [...state.contributions].flatMap(([id, entry]) => (state.listers.has(id) ? [] : [entry]))
  let fetching = unnamed.filter((entry) => entry.state === 'fetching').length
  if (fetching >= MAX_AT_ONCE) return
  const waiting = inTurn(unnamed).filter((entry) => !isRecent(state.head, entry.contribution.checkpoint))
  const budget = 2 * state.network.terms.round.maxContributions
  const here = [...withoutBlamed(state, held(state)), ...unnamed.filter((entry) => entry.state === 'fetching')]
  const checkpoints = new Set(here.map((entry) => String(entry.contribution.checkpoint)))
  for (const entry of waiting) {
    const checkpoint = String(entry.contribution.checkpoint)
    if (fetching >= MAX_AT_ONCE) return
    if (checkpoints.size >= budget && !checkpoints.has(checkpoint)) continue
    checkpoints.add(checkpoint)
    fetching++
    ask(draft, entry, null)
  }
}

/**
 * What was never asked for, in lottery order, but of each author the first one before the second ones of others: who announces
 * two takes no place of who announces one.
 */
function inTurn(entries: readonly ContributionEntry[]): readonly ContributionEntry[] {
  const [firsts, others]: [ContributionEntry[], ContributionEntry[]] = [[], []]
  let author: ContributionEntry | null = null
  let isServed = false
  for (const entry of [...entries].sort(byTicket)) {
    // An author has one ticket, so what is its stands together.
    if (author === null || byTicket(author, entry) !== 0) isServed = false
    author = entry
    if (entry.state === 'announced') (isServed ? others : firsts).push(entry)
    isServed = true
  }
  return [...firsts, ...others]
}

function ask({ state, effects }: Draft, entry: ContributionEntry, from: Uint8Array | null): void {
  const { contribution } = entry
  const asked = [...entry.asked, from ? toHex(from) : '']
  state.contributions.set(String(contribution.id), { ...entry, state: 'fetching', reason: null, asked })
  effects.push({ type: 'fetch-checkpoint', contribution, from })
}

/**
 * Contributions of the round before that this one can take, that meet its terms, and that were in no base yet. What is rebased is
 * looked at again: whether it can be depends on the base.
 */
export function leftOver(previous: RoundState, head: Head): readonly (readonly [string, ContributionEntry])[] {
  const network = head.regime.current
  const seed = roundSeed(network.id, head.round + 1)
  return [...previous.contributions].flatMap(([id, entry]) => {
    const { author, parent, round, checkpoint, signed } = entry.contribution
    const from = parentOf(head, parent, round)
    if (from === null || (from.staleness > 0 && isRecent(head, checkpoint))) return []
    if (!meetsTerms(network, head.round + 1, signed.message)) return []
    const ticket = lotteryTicket(author, seed)
    const isRefused = entry.state === 'refused' && !isUnavailable(entry) && entry.reason !== NOT_REBASED
    const isKnown = isRefused || (entry.state === 'held' && equalCids(from.weights, head.weights))
    return [[id, isKnown ? { ...entry, ticket } : { ...entry, state: 'announced', reason: null, ticket, asked: [] }]]
  })
}

export function isUnavailable({ state, reason }: ContributionEntry): boolean {
  return state === 'refused' && reason === UNAVAILABLE
}

/** That bytes are here, or wrong, is final; that they are not to be had is not. */
export function takeCheckpoint({ state }: Draft, id: CID, reason: string | null): void {
  const entry = state.contributions.get(String(id))
  if (!entry || entry.state === 'held' || (entry.state === 'refused' && !isUnavailable(entry))) return
  state.contributions.set(String(id), { ...entry, state: reason === null ? 'held' : 'refused', reason })
}

export function held(state: RoundState): readonly ContributionEntry[] {
  return [...state.contributions.values()].filter((entry) => entry.state === 'held')
}
