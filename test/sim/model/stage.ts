import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { equalBytes, equalCids } from '../../../protocols/wire/bytes.ts'
import { rankCommittee, roundSeed } from '../../../protocols/wire/election.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { openDraft } from '../../../src/rounds/draft.ts'
import { genesisHead } from '../../../src/rounds/head.ts'
import { type NetworkFacts, networkFacts } from '../../../src/rounds/network.ts'
import { takeLineage } from '../../../src/rounds/propose.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import { specOf } from '../../../src/rounds/spec.ts'
import type { Head, KnownLineage, RoundState } from '../../../src/rounds/state.ts'
import { toCandidate } from '../../../src/rounds/views.ts'
import { contributionBy, listBy } from '../../support/protocols/messages.ts'
import { type TestKey, testCid, testKey, testNetwork } from '../../support/protocols/network.ts'
import { buildFake, type FakeBase } from '../../support/rounds/fusion.ts'
import type { Core } from '../machine.ts'

/** The machine as it ships. */
export const REAL: Core = { createRound, reduce }

/** Everything around an agreement, made trivial: one contribution that all hold, one list of each member, two bases. */
export interface Stage {
  readonly facts: NetworkFacts
  readonly head: Head
  readonly machine: Core
  /** In the order of the rank: member 0 is the aggregator of view 0, member 1 of view 1. */
  readonly members: readonly TestKey[]
  readonly contribution: Signed<Contribution>
  readonly lists: readonly ReturnType<typeof listBy>[]
  /** Whose lists each member has before the first view: a quorum, its own first. */
  readonly listsGiven: readonly (readonly number[])[]
  /** What member 0 would propose (A), and what member 1 would if it heard of nothing (B). */
  readonly bases: { readonly A: FakeBase; readonly B: FakeBase }
  /** Both lineages, read and checked. */
  readonly lineages: ReadonlyMap<string, KnownLineage>
}

export interface StageOptions {
  /** The shipped one by default; tests put broken ones in its place. */
  readonly machine?: Core
  /** Votes that decide: 3 of 4 by default. */
  readonly quorum?: number
}

export function createStage({ machine = REAL, quorum }: StageOptions = {}): Stage {
  const net = testNetwork({ members: 4 })
  const known = networkFacts(net.network, net.genesis)
  const facts = quorum === undefined ? known : { ...known, quorum }
  const head = genesisHead(facts, testCid('genesis weights', 'file'))
  const members = rankCommittee(facts.members, roundSeed(facts.id, head.round + 1)).flatMap((key) =>
    net.members.filter((member) => equalBytes(member.publicKey, key)),
  )
  const contribution = contributionBy(testKey('contributor'), net)
  const lists = members.map((member) => listBy(member, net, [contribution]))
  const baseOf = (places: readonly number[]) => {
    const quoted = lists.filter((_, place) => places.includes(place))
    const state = createRound({ head, self: null, now: 0 })
    return buildFake(facts, specOf(state, quoted, [toCandidate(contribution)]))
  }
  const listsGiven = [
    [0, 1, 2],
    [1, 2, 3],
    [2, 0, 1],
    [3, 1, 2],
  ].map((places) => places.slice(0, facts.quorum))
  const bases = { A: baseOf(listsGiven[0] ?? []), B: baseOf(listsGiven[1] ?? []) }
  if (equalCids(bases.A.base, bases.B.base)) throw new Error('the two bases of the model are one')
  const { lineages } = withLineages(createRound({ head, self: null, now: 0 }), Object.values(bases))
  return { facts, head, machine, members, contribution, lists, listsGiven, bases, lineages }
}

/** The machine's own reading of bytes that it asked for. */
function withLineages(state: RoundState, bases: readonly FakeBase[]): RoundState {
  const draft = openDraft(state, 0)
  for (const { lineage, bytes } of bases) {
    draft.state.lineages.set(String(lineage), { state: 'wanted', view: 0, asked: [] })
    takeLineage(draft, lineage, bytes)
  }
  return draft.state
}
