import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { InclusionList } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { toHex } from '../../../protocols/wire/bytes.ts'
import { aggregatorOf } from '../../../protocols/wire/election.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { MAX_LISTS_PER_ROUND } from '../../../protocols/wire/limits.ts'
import { isSelf } from '../../../src/rounds/draft.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import { specOf } from '../../../src/rounds/spec.ts'
import type { BuildSpec, RoundState } from '../../../src/rounds/state.ts'
import { toCandidate } from '../../../src/rounds/views.ts'
import { testCid } from '../protocols/network.ts'
import type { FakeBase } from './fusion.ts'
import type { Random } from './random.ts'

/** Something said to these hosts, or to all. */
export interface Utterance {
  readonly saying: Saying
  readonly to?: readonly number[]
}

export interface LiarTools {
  readonly state: RoundState
  readonly index: number
  readonly random: Random
  /** What it wants to remember. */
  readonly notes: Set<string>
  others(): readonly number[]
  /** Other liars. */
  accomplices(): readonly number[]
  /** What this host built itself. */
  baseOf(base: CID): FakeBase | null
  build(spec: BuildSpec): FakeBase
  signList(saying: Extract<Saying, { kind: 'list/1' }>): Signed<InclusionList>
  contributions(): readonly Signed<Contribution>[]
}

/** A member that runs the machine and says something else. */
export interface Liar {
  readonly name: string
  /** Gives nobody the bytes of its proposals and checkpoints. */
  readonly withholds?: boolean
  /** Never takes a base for final, and so goes on in the round. */
  readonly isStubborn?: boolean
  /** What goes out in place of an honest saying. */
  speak(saying: Saying, tools: LiarTools): readonly Utterance[]
  /** What it says on top when it hears something. */
  hear?(message: RoundMessage, tools: LiarTools): readonly Utterance[]
}

type Vote = Extract<Saying, { kind: 'prevote/1' | 'precommit/1' }>

const isVote = (saying: Saying): saying is Vote => saying.kind === 'prevote/1' || saying.kind === 'precommit/1'

/** Says the same as an honest member. Only good as a stand-in. */
export const honestLiar: Liar = { name: 'honest', speak: (saying) => [{ saying }] }

export const silentLiar: Liar = { name: 'silent', withholds: true, speak: () => [] }

/** Lists and votes, but gives no bytes of its proposals. */
export const withholdingLiar: Liar = { name: 'withholding', withholds: true, speak: (saying) => [{ saying }] }

/** Proposes and votes for bases that nobody can compute. */
export const wrongBaseLiar: Liar = {
  name: 'wrong-base',
  speak: (saying) => {
    if (saying.kind === 'proposal/1') return [{ saying: { ...saying, base: testCid(`lie ${saying.view}`) } }]
    if (isVote(saying)) return [{ saying: { ...saying, base: testCid(`lie ${saying.view}`) } }]
    return [{ saying }]
  },
}

/** Proposes a base whose lineage leaves one input out. */
export const censoringLiar: Liar = {
  name: 'censoring',
  speak: (saying, tools) => [{ saying: reproposed(saying, tools, (inputs) => inputs.slice(1)) }],
}

/** Proposes a base whose lineage has an input that no list names. */
export const insertingLiar: Liar = {
  name: 'inserting',
  speak: (saying, tools) => [
    {
      saying: reproposed(saying, tools, (inputs) => {
        const unlisted = tools.contributions().find(({ id }) => !inputs.some((input) => input.id.equals(id)))
        return unlisted ? [...inputs, toCandidate(unlisted)] : inputs
      }),
    },
  ],
}

function reproposed(
  saying: Saying,
  tools: LiarTools,
  change: (inputs: BuildSpec['inputs']) => BuildSpec['inputs'],
): Saying {
  const built = saying.kind === 'proposal/1' && saying.validView === null ? tools.baseOf(saying.base) : null
  if (!built || saying.kind !== 'proposal/1') return saying
  const lie = tools.build({ ...built.spec, inputs: change(built.spec.inputs) })
  return { ...saying, base: lie.base, lineage: lie.lineage }
}

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
    const other = alternative({ ...carried, view, validView: null }, tools)
    const { round } = state
    return [
      { saying: { kind: 'precommit/1', round, view: message.view, base: message.base }, to: [] },
      { saying: { kind: 'precommit/1', round, view: message.view, base: null } },
      { saying: { ...other, kind: 'proposal/1' } },
      { saying: { kind: 'prevote/1', round, view, base: other.base } },
      { saying: { kind: 'precommit/1', round, view, base: other.base }, to: [] },
    ]
  },
}

function split({ others, random }: LiarTools): readonly [readonly number[], readonly number[]] {
  const shuffled = random.shuffle(others())
  const at = random.integer(0, shuffled.length)
  return [shuffled.slice(0, at), shuffled.slice(at)]
}

/** Another valid base: a list of our own that differs makes another lineage of the same inputs. */
function alternative<S extends Extract<Saying, { kind: 'proposal/1' }>>(saying: S, tools: LiarTools): S {
  const built = tools.baseOf(saying.base)
  const { state } = tools
  const others = [...state.lists.values()].filter(({ message }) => !isSelf(state, message.author))
  const own = state.self && state.lists.get(toHex(state.self))
  const { quorum } = state.network
  if (!built || !own || others.length < quorum - 1) return { ...saying, base: testCid(`other ${saying.view}`) }
  const { seq, contributions, round, parent } = own.message
  const otherSeq = (seq + 1 + tools.random.integer(0, 5)) % MAX_LISTS_PER_ROUND
  const list = tools.signList({ kind: 'list/1', round, parent, seq: otherSeq, contributions })
  const known = [...state.contributions.values()].map((entry) => entry.contribution)
  const lists = [list, ...tools.random.shuffle(others).slice(0, quorum - 1)]
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

export const LIARS = [
  silentLiar,
  withholdingLiar,
  wrongBaseLiar,
  censoringLiar,
  insertingLiar,
  equivocatingLiar,
  cunningLiar,
] as const
