import { canonicalText } from './canonical.ts'
import { forget, type Happening, happen, type Member, openMember } from './member.ts'
import { type Universe, type Utterance, VIEWS } from './universe.ts'

/** What a member does when something happens. */
export interface Move {
  /** Messages of honest others that it takes, as a set; the liar's are there for the asking. */
  readonly needs: bigint
  readonly happening: Happening
  /** The state that it leads to. */
  readonly to: number
}

/**
 * Everything that one honest member can do, whatever the others say: the real machine, written out as a graph while
 * somebody walks it.
 */
export interface Automaton {
  readonly place: number
  /** State 0 is where it starts. */
  readonly states: readonly Member[]
  /** What is said in each state, as a set. */
  readonly says: readonly bigint[]
  movesOf(state: number): readonly Move[]
  /** The state of a member, whatever it remembers of others' votes; -1 for one that was never met. */
  find(member: Member): number
  /** Moves that end what the model looks at: a decision, or a view after the last. */
  readonly counts: { ends: number; reductions: number }
}

export function createAutomaton(universe: Universe, place: number): Automaton {
  const states: Member[] = []
  const says: bigint[] = []
  const moves: (readonly Move[] | undefined)[] = []
  const indexes = new Map<string, number>()
  const counts = { ends: 0, reductions: 0 }
  // Proposals first: a second one of a view is silent, and is heard with the prevotes for it.
  const ofOthers = universe.utterances
    .filter(({ author }) => author !== place)
    .sort((a, b) => Number(isProposal(b)) - Number(isProposal(a)))

  /** Forgets what it heard and counted. */
  function indexOf(remembering: Member): number {
    const member = forget(remembering)
    const text = canonicalText(member)
    const known = indexes.get(text)
    if (known !== undefined) return known
    indexes.set(text, states.length)
    says.push(setOf(member.said))
    return states.push(member) - 1
  }

  function movesOf(state: number): readonly Move[] {
    const known = moves[state]
    if (known) return known
    const member = states[state]
    const found = member ? findMoves(member) : []
    moves[state] = found
    return found
  }

  function findMoves(member: Member): readonly Move[] {
    if (member.broken.length > 0) return []
    const found: Move[] = []
    const note = (after: Member, happening: Happening, needs = 0n) => {
      if (after.broken.length === 0 && isOver(after)) counts.ends++
      else found.push({ needs, happening, to: indexOf(after) })
    }
    for (const happening of ownHappenings(member)) note(happen(universe, member, happening), happening)
    const listen = (now: Member, heard: readonly Utterance[], rest: readonly Utterance[]) => {
      for (const [i, utterance] of rest.entries()) {
        counts.reductions++
        const utterances = [...heard, utterance]
        const after = happen(universe, now, { what: 'hears', utterances: [utterance] })
        if (!isSilent(now, after)) {
          const needs = setOf(utterances.filter(({ author }) => author !== universe.liar))
          note(after, { what: 'hears', utterances }, needs)
        } else if (utterances.filter((one) => !isProposal(one)).length < MOST_COUNTED) {
          listen(
            after,
            utterances,
            rest.slice(i + 1).filter((other) => utterances.every((one) => belongTogether(one, other))),
          )
        }
      }
    }
    listen(member, [], ofOthers)
    return withoutDominated(found)
  }

  indexOf(openMember(universe, place))
  const find = (member: Member) => indexes.get(canonicalText(forget(member))) ?? -1
  return { place, states, says, movesOf, find, counts }
}

const setOf = (utterances: readonly Utterance[]) => utterances.reduce((set, { bit }) => set | bit, 0n)

const isProposal = ({ signed }: Utterance) => signed.message.kind === 'proposal/1'

/** Others whose votes one rule counts: all of them. */
const MOST_COUNTED = 3

/** A timer may fire whenever its phase lasts, set or not; a last view has nothing after it. */
export function ownHappenings({ state, pending }: Member): readonly Happening[] {
  const { phase, view } = state
  return [
    ...(pending ? [{ what: 'journaled' } as const] : []),
    ...(phase === 'propose' || phase === 'prevote' ? [{ what: 'timeout', kind: phase } as const] : []),
    ...(view < VIEWS - 1 ? [{ what: 'timeout', kind: 'precommit' } as const] : []),
  ]
}

const isOver = ({ state }: Member) => state.phase === 'adopt' || state.view >= VIEWS

/** Nothing but a vote that was counted, or a second proposal of an equivocating aggregator. */
function isSilent({ state: a, said, pending }: Member, after: Member): boolean {
  const b = after.state
  const isSameWork =
    a.proposals.size === b.proposals.size && a.lineages.size === b.lineages.size && a.builds.size === b.builds.size
  const isSameStep = a.phase === b.phase && a.view === b.view && a.locked === b.locked && a.valid === b.valid
  const isSameSpeech = a.said.size === b.said.size && said === after.said && pending === after.pending
  return isSameStep && isSameWork && isSameSpeech && a.choice === b.choice && after.broken.length === 0
}

/** Votes of distinct members for one value in one step of one view, which a rule counts together; prevotes with their proposal. */
function belongTogether(one: Utterance, other: Utterance): boolean {
  if (one.view !== other.view || one.value !== other.value || isProposal(other)) return false
  if (isProposal(one)) return other.signed.message.kind === 'prevote/1'
  return one.signed.message.kind === other.signed.message.kind && one.author !== other.author
}

/** Without moves for which another one with the same end needs less. */
function withoutDominated(moves: readonly Move[]): readonly Move[] {
  return moves.filter(
    (move, i) =>
      !moves.some(
        (other, j) =>
          j !== i &&
          other.to === move.to &&
          (other.needs & move.needs) === other.needs &&
          (other.needs !== move.needs || j < i),
      ),
  )
}
