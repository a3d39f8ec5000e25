import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { selectInputs } from '../../protocols/lineage/pipeline.ts'
import { compareBytes, equalBytes, toHex } from '../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../protocols/wire/election.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { type Draft, isSelf } from './draft.ts'
import type { NetworkFacts } from './network.ts'
import type { ContributionEntry, Head, RoundState, SignedContribution } from './state.ts'
import { isAdmissibleParent, lineageView, toCandidate } from './views.ts'

/** Why a checkpoint could not be had, as opposed to being wrong: worth another try from somebody else. */
export const UNAVAILABLE = 'unavailable'

/** Contributions that one round remembers, besides those that lists and lineages name. */
export const MAX_REMEMBERED = 1024
/** Checkpoints that nobody lists and that are fetched at once. */
const MAX_AT_ONCE = 8

export function takeContribution(draft: Draft, signed: Signed<Contribution>): void {
  remember(draft, toCandidate(signed))
}

/** Remembers a contribution; when there are too many, the worst place in the lottery goes. */
export function remember({ state }: Draft, contribution: SignedContribution): void {
  const id = String(contribution.id)
  if (state.contributions.has(id)) return
  const ticket = lotteryTicket(contribution.author, roundSeed(state.network.id, state.round))
  const isNamed = state.listers.has(id)
  if (!isNamed && state.contributions.size >= MAX_REMEMBERED) {
    const worst = worstUnnamed(state)
    if (!worst || !isWorse(worst, { ticket, state: 'announced' })) return
    state.contributions.delete(String(worst.contribution.id))
    state.known.delete(String(worst.contribution.id))
  }
  state.known.add(id)
  state.contributions.set(id, { contribution, state: 'announced', reason: null, ticket, asked: [] })
}

function worstUnnamed(state: RoundState): ContributionEntry | null {
  let worst: ContributionEntry | null = null
  for (const [id, entry] of state.contributions) {
    if (entry.state === 'held' || state.listers.has(id)) continue
    if (!worst || isWorse(entry, worst)) worst = entry
  }
  return worst
}

type Ranked = Pick<ContributionEntry, 'ticket' | 'state'>

/** What was refused is worse than what was not. */
function isWorse(a: Ranked, b: Ranked): boolean {
  if ((a.state === 'refused') !== (b.state === 'refused')) return a.state === 'refused'
  return compareBytes(a.ticket, b.ticket) > 0
}

/** Notes who lists a contribution: it must be had, and there is where to ask. */
export function noteLister({ state }: Draft, id: CID, key: Uint8Array): void {
  const { keys } = state.listers.get(String(id)) ?? { keys: [] }
  if (keys.some((other) => equalBytes(other, key))) return
  state.listers.set(String(id), { id, keys: [...keys, key] })
}

/**
 * Asks for bytes: of what lists name at once, and again from each that names it while nobody gives them; of the rest a few
 * at a time in lottery order, up to what one list can name.
 */
export function fetchCheckpoints(draft: Draft): void {
  const { state } = draft
  if (state.self === null || state.phase === 'adopt') return
  for (const [id, { keys }] of state.listers) {
    const entry = state.contributions.get(id)
    if (!entry || (entry.state !== 'announced' && !isUnavailable(entry))) continue
    const others = keys.filter((key) => !isSelf(state, key))
    const next = others.find((key) => !entry.asked.includes(toHex(key)))
    if (next) ask(draft, entry, next)
    else if (entry.state === 'announced') ask(draft, entry, null)
  }
  fetchUnnamed(draft)
}

function fetchUnnamed(draft: Draft): void {
  const { state } = draft
  const unnamed = [...state.contributions].flatMap(([id, entry]) => (state.listers.has(id) ? [] : [entry]))
  const waiting = unnamed.filter((entry) => entry.state === 'announced')
  if (waiting.length === 0) return
  const fetching = unnamed.filter((entry) => entry.state === 'fetching').length
  const wanted = 2 * state.network.genesis.round.maxContributions - held(state).length - fetching
  const room = Math.min(MAX_AT_ONCE - fetching, wanted)
  if (room <= 0) return
  waiting.sort((a, b) => compareBytes(a.ticket, b.ticket))
  for (const entry of waiting.slice(0, room)) ask(draft, entry, null)
}

function ask({ state, effects }: Draft, entry: ContributionEntry, from: Uint8Array | null): void {
  const { contribution } = entry
  const asked = [...entry.asked, from ? toHex(from) : '']
  state.contributions.set(String(contribution.id), { ...entry, state: 'fetching', reason: null, asked })
  effects.push({ type: 'fetch-checkpoint', contribution, from })
}

/** Contributions of the round before that this one can take: their parent has the same weights. */
export function leftOver(
  previous: RoundState,
  network: NetworkFacts,
  head: Head,
): readonly (readonly [string, ContributionEntry])[] {
  const seed = roundSeed(network.id, head.round + 1)
  return [...previous.contributions].flatMap(([id, entry]) => {
    const { author, parent, round } = entry.contribution
    if (!isAdmissibleParent(head, parent, round)) return []
    const ticket = lotteryTicket(author, seed)
    const isKnown = entry.state === 'held' || (entry.state === 'refused' && !isUnavailable(entry))
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

/** How many of these would be inputs if everybody listed exactly them. */
export function countInputs(state: RoundState, entries: readonly ContributionEntry[]): number {
  const candidates = entries.map((entry) => entry.contribution)
  const lists = [candidates.map(({ id }) => id)]
  return selectInputs(candidates, { ...lineageView(state.network, state.head), lists, threshold: 1 }).inputs.length
}
