import type { CID } from 'multiformats/cid'
import { compareCids, toHex } from '../../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../../protocols/wire/election.ts'
import { MAX_LISTS_PER_ROUND } from '../../../protocols/wire/limits.ts'
import { isSelf } from '../../../src/rounds/draft.ts'
import { specOf } from '../../../src/rounds/spec.ts'
import { testCid } from '../../support/protocols/network.ts'
import { isVote, type Liar, type LiarTools, type Proposing, split, type Utterance } from './liar.ts'

/** Says different things to different members, votes for everything that it hears of, and forgets its locks. */
export const equivocatingLiar: Liar = {
  name: 'equivocating',
  isStubborn: true,
  speak: (saying, tools) => {
    const [some, rest] = split(tools)
    if (saying.kind === 'list/1') {
      const fewer = { ...saying, contributions: saying.contributions.slice(1) }
      return [
        { saying, to: some },
        { saying: fewer, to: rest },
      ]
    }
    if (saying.kind === 'proposal/1') {
      const other = alternative(saying, tools)
      // What others carry over it would rather replace.
      if (saying.validView !== null) return [{ saying: other }, ...voteForAll(saying.view, other.base, tools)]
      return [
        { saying, to: [...some, ...tools.accomplices()] },
        { saying: other, to: [...rest, ...tools.accomplices()] },
        ...voteForAll(saying.view, saying.base, tools),
        ...voteForAll(saying.view, other.base, tools),
      ]
    }
    return [
      { saying, to: some },
      { saying: { ...saying, base: null }, to: rest },
    ]
  },
  hear: (message, tools) =>
    message.kind === 'proposal/1' && message.round === tools.state.round
      ? voteForAll(message.view, message.base, tools)
      : [],
}

/**
 * Signs for every base and shows nobody its precommits, but nil ones; and when a base is about to become final, offers
 * another one for the next view, if that is its turn. Against a rule less than the whole of the paper this makes two
 * certificates.
 */
export const cunningLiar: Liar = {
  name: 'cunning',
  isStubborn: true,
  speak: (saying) => {
    if (saying.kind !== 'precommit/1') return [{ saying }]
    return [{ saying, to: [] }, { saying: { ...saying, base: null } }]
  },
  hear: (message, tools) => {
    const { state, notes } = tools
    if (message.kind !== 'precommit/1' || message.base === null || state.self === null) return []
    const view = message.view + 1
    if (!isSelf(state, aggregatorOf(state.rank, view)) || notes.has(`proposed ${view}`)) return []
    const carried = state.proposals.get(message.view)?.message
    if (!carried) return []
    notes.add(`proposed ${view}`)
    const { round } = state
    const { lineage, base } = carried
    const fresh = alternative({ kind: 'proposal/1', round, view, validView: null, lineage, base }, tools)
    // A claim that a quorum prevoted it before: nobody did.
    const other = tools.random.chance(0.3) ? { ...fresh, validView: message.view } : fresh
    return [
      { saying: { kind: 'precommit/1', round, view: message.view, base: message.base }, to: [] },
      { saying: { kind: 'precommit/1', round, view: message.view, base: null } },
      { saying: other },
      { saying: { kind: 'prevote/1', round, view, base: other.base } },
      { saying: { kind: 'precommit/1', round, view, base: other.base }, to: [] },
    ]
  },
}

/** Lets one member lock with its vote, tells the others nil, and is never heard again. */
export const twoFacedLiar: Liar = {
  name: 'two-faced',
  withholds: true,
  speak: (saying, tools) => {
    if (saying.kind === 'list/1') return [{ saying }]
    if (saying.kind !== 'prevote/1' || saying.base === null || saying.view > 0) return []
    const [one = -1, ...rest] = tools.random.shuffle(tools.others())
    return [
      { saying, to: [one] },
      { saying: { ...saying, base: null }, to: rest },
    ]
  },
}

/** Votes for what is proposed and for something else, and shows everybody both. */
export const doubleVotingLiar: Liar = {
  name: 'double-voting',
  speak: (saying) =>
    isVote(saying) ? [{ saying }, { saying: { ...saying, base: otherThan(saying.base) } }] : [{ saying }],
}

const otherThan = (base: CID | null) => (base === null ? testCid('anything') : null)

/** Lists what it does not hold, says two lists with one number, and takes back what it listed. */
export const listingLiar: Liar = {
  name: 'listing',
  speak: (saying, tools) => {
    if (saying.kind !== 'list/1') return [{ saying }]
    const { round, maxContributions } = { round: saying.round, ...tools.state.network.terms.round }
    const all = tools.contributions().filter(({ message }) => message.round === round)
    const ids = [
      ...new Map([...all.map(({ id }) => id), ...saying.contributions].map((id) => [String(id), id])).values(),
    ]
    const everything = { ...saying, contributions: ids.sort(compareCids).slice(0, 2 * maxContributions) }
    const [some, rest] = split(tools)
    return tools.random.pick<readonly Utterance[]>([
      [{ saying: everything }],
      [
        { saying: everything, to: some },
        { saying, to: rest },
      ],
      [{ saying: everything }, { saying: { ...saying, seq: Math.min(7, saying.seq + 1), contributions: [] } }],
    ])
  },
}

/** Another valid base: a list of our own that differs makes another lineage of the same inputs. */
function alternative(saying: Proposing, tools: LiarTools): Proposing {
  const built = tools.baseOf(saying.base)
  const { state } = tools
  const others = [...state.lists.values()].filter(({ message }) => !isSelf(state, message.author))
  const own = state.self && state.lists.get(toHex(state.self))
  const { quorum } = state.network
  if (!built || !own || others.length < quorum - 1) return { ...saying, base: testCid(`other ${saying.view}`) }
  const { seq, contributions, round, parent } = own.message
  const otherSeq = (seq + 1 + tools.random.integer(0, 5)) % MAX_LISTS_PER_ROUND
  const list = tools.sign({ kind: 'list/1', round, parent, seq: otherSeq, contributions })
  const known = [...state.contributions.values()].map((entry) => entry.contribution)
  const { message } = list
  if (message.kind !== 'list/1') throw new Error('a list is a list')
  const lists = [{ ...list, message }, ...tools.random.shuffle(others).slice(0, quorum - 1)]
  const other = tools.build(specOf(state, lists, known))
  return { ...saying, validView: null, base: other.base, lineage: other.lineage }
}

/** Says yes to a base, and no to some whom that may keep apart. */
function voteForAll(view: number, base: CID, tools: LiarTools): readonly Utterance[] {
  const { round } = tools.state
  return (['prevote/1', 'precommit/1'] as const).flatMap((kind) => {
    const [some, rest] = tools.random.chance(0.5) ? split(tools) : [tools.others(), []]
    return [
      { saying: { kind, round, view, base }, to: some },
      { saying: { kind, round, view, base: null }, to: rest },
    ]
  })
}
