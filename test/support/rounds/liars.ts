import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Saying } from '../../../src/rounds/events.ts'
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
  others(): readonly number[]
  /** What this host built itself. */
  baseOf(base: CID): FakeBase | null
  build(spec: BuildSpec): FakeBase
  contributions(): readonly Signed<Contribution>[]
}

/** A member that runs the machine and says something else. */
export interface Liar {
  readonly name: string
  /** Gives nobody the bytes of its proposals and checkpoints. */
  readonly withholds?: boolean
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
      return [
        { saying, to: some },
        { saying: other, to: rest },
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

function split({ others, random }: LiarTools): readonly [readonly number[], readonly number[]] {
  const shuffled = random.shuffle(others())
  const at = random.integer(0, shuffled.length)
  return [shuffled.slice(0, at), shuffled.slice(at)]
}

/** Another valid base of this view when there is one: the same lists in another quorum, else a fresh one for a carried one. */
function alternative<S extends Extract<Saying, { kind: 'proposal/1' }>>(saying: S, tools: LiarTools): S {
  const built = tools.baseOf(saying.base)
  if (!built) return { ...saying, base: testCid(`other ${saying.view}`) }
  const quoted = new Set(built.spec.lists)
  const unquoted = [...tools.state.lists.values()].find(({ envelope }) => !quoted.has(envelope))
  const { quorum } = tools.state.network
  if (!unquoted) return { ...saying, base: testCid(`other ${saying.view}`) }
  const lists = [...tools.state.lists.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list.envelope)
  const drop = tools.random.integer(0, lists.length - 1)
  const others = lists.length > quorum ? lists.filter((_, i) => i !== drop) : lists
  const other = tools.build({ ...built.spec, lists: others.slice(0, quorum) })
  return { ...saying, validView: null, base: other.base, lineage: other.lineage }
}

function voteForAll(view: number, base: CID, tools: LiarTools): readonly Utterance[] {
  const { round } = tools.state
  return (['prevote/1', 'precommit/1'] as const).flatMap((kind) => {
    const [some, rest] = split(tools)
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
] as const
