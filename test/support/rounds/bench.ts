import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { InclusionList } from '../../../protocols/round/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { compareCids, equalBytes } from '../../../protocols/wire/bytes.ts'
import { rankCommittee, roundSeed } from '../../../protocols/wire/election.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import type { RoundEffect, RoundEvent, Saying } from '../../../src/rounds/events.ts'
import { genesisHead } from '../../../src/rounds/head.ts'
import { type NetworkFacts, networkFacts } from '../../../src/rounds/network.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import { specOf } from '../../../src/rounds/spec.ts'
import type { BuildSpec, Head, RoundState } from '../../../src/rounds/state.ts'
import { type TimerKind, timerName } from '../../../src/rounds/timeouts.ts'
import { judge } from '../../../src/rounds/views.ts'
import { contributionBy } from '../protocols/messages.ts'
import { type TestKey, type TestNetwork, testCid, testKey, testNetwork } from '../protocols/network.ts'
import { buildFake, type FakeBase } from './fusion.ts'
import { signSaying } from './speech.ts'

type Untimed<E> = E extends unknown ? Omit<E, 'now'> : never
type Kind = RoundEffect['type']
type Effect<K extends Kind> = Extract<RoundEffect, { type: K }>

/**
 * One machine on a bench, and everybody else played by the test. Members go by their place in the rank: member 0 is the
 * aggregator of view 0. Builds, checkpoints and known lineages are answered at once unless a test holds them back.
 */
export interface Bench {
  readonly net: TestNetwork
  readonly facts: NetworkFacts
  /** In the order of the rank. */
  readonly members: readonly TestKey[]
  readonly state: RoundState
  readonly effects: readonly RoundEffect[]
  /** What the machine said, signed. */
  readonly said: readonly Signed<RoundMessage>[]
  /** What is in its journal. */
  readonly journal: readonly Signed<Contribution | RoundMessage>[]
  now: number
  feed(event: Untimed<RoundEvent>): void
  /** Judges, then takes in what was accepted. */
  hear(signed: Signed<Contribution | RoundMessage>): Verdict
  /** Effects of a type, all that came so far. */
  effectsOf<K extends Kind>(type: K): readonly Effect<K>[]
  sayings<K extends Saying['kind']>(kind: K): readonly Extract<Saying, { kind: K }>[]
  /** The last vote of this kind in the current view, with the reason given for it. */
  vote(kind: 'prevote/1' | 'precommit/1', view?: number): { base: CID | null; reason: string | null } | null
  fire(kind: TimerKind): void
  contribute(name: string, fields?: Parameters<typeof contributionBy>[2]): Signed<Contribution>
  contribution(name: string, fields?: Parameters<typeof contributionBy>[2]): Signed<Contribution>
  list(member: number, contributions: readonly { readonly id: CID }[], seq?: number): Signed<InclusionList>
  prevote(member: number, view: number, base: CID | null): Verdict
  precommit(member: number, view: number, base: CID | null): Verdict
  /** A base made of these lists, its lineage known to whoever asks. */
  base(lists: readonly Signed<InclusionList>[], change?: (spec: BuildSpec) => BuildSpec): FakeBase
  propose(view: number, base: Pick<FakeBase, 'base' | 'lineage'>, validView?: number | null): Verdict
  /** The same member after a crash: memory gone, journal and store kept. */
  restart(journal?: readonly Signed<Contribution | RoundMessage>[]): void
}

export interface BenchOptions {
  readonly members?: number
  readonly quorum?: Genesis['quorum']
  readonly round?: Partial<Genesis['round']>
  readonly contributors?: Genesis['contributors']
  readonly gate?: Genesis['gate']
  /** Place in the rank of the machine's member; null for an observer. The last by default. */
  readonly self?: number | null
  readonly head?: (head: Head) => Head
  /** Effects that the test answers itself. */
  readonly manual?: readonly Kind[]
}

export function createBench(options: BenchOptions = {}): Bench {
  const { members: count = 4, quorum = 'byzantine', manual = [], head: changeHead = (head: Head) => head } = options
  const net = testNetwork({
    members: count,
    quorum,
    round: options.round ?? {},
    contributors: options.contributors ?? 'open',
    gate: options.gate ?? null,
  })
  const facts = networkFacts(net.network, net.genesis)
  const head = changeHead(genesisHead(facts, testCid('genesis weights', 'file')))
  const round = head.round + 1
  const rank = rankCommittee(facts.members, roundSeed(facts.id, round))
  const members = rank.flatMap((key) => net.members.filter((member) => equalBytes(member.publicKey, key)))
  const self = options.self === null ? null : memberAt(options.self ?? count - 1)
  const effects: RoundEffect[] = []
  const said: Signed<RoundMessage>[] = []
  const journal: Signed<Contribution | RoundMessage>[] = []
  const bases = new Map<string, FakeBase>()
  let state = newState()

  function newState(): RoundState {
    return createRound({ head, self: self?.publicKey ?? null, now: 0 })
  }

  function memberAt(place: number): TestKey {
    const member = members[place]
    if (!member) throw new Error(`no member ${place}`)
    return member
  }

  function feed(event: Untimed<RoundEvent>): void {
    const step = reduce(state, { ...event, now: bench.now })
    state = step.state
    effects.push(...step.effects)
    for (const effect of step.effects) if (!manual.includes(effect.type)) answer(effect)
  }

  function answer(effect: RoundEffect): void {
    if (effect.type === 'say' && self) {
      const signed = signSaying(effect.saying, self, facts.id)
      journal.push(...effect.proof, signed)
      said.push(signed)
      feed({ type: 'received', signed })
    }
    if (effect.type === 'fetch-checkpoint') feed({ type: 'checkpoint', id: effect.contribution.id, reason: null })
    if (effect.type === 'fetch-lineage') {
      const known = bases.get(String(effect.cid))
      if (known) feed({ type: 'lineage', cid: effect.cid, bytes: known.bytes })
    }
    if (effect.type === 'build') {
      const built = remembered(buildFake(facts, effect.spec))
      feed({ type: 'built', key: effect.key, base: built.base, lineage: built.lineage })
    }
  }

  function remembered(built: FakeBase): FakeBase {
    bases.set(String(built.lineage), built)
    return built
  }

  function hear(signed: Signed<Contribution | RoundMessage>): Verdict {
    const verdict = judge(state, signed)
    if (verdict.verdict === 'accept') feed({ type: 'received', signed })
    return verdict
  }

  const speak = (saying: Saying, member: number) => hear(signSaying(saying, memberAt(member), facts.id))
  const sign = (saying: Saying, member: number) => signSaying(saying, memberAt(member), facts.id)

  const bench: Bench = {
    net,
    facts,
    members,
    get state() {
      return state
    },
    effects,
    said,
    journal,
    now: 0,
    feed,
    hear,
    effectsOf: <K extends Kind>(type: K) => effects.filter((effect): effect is Effect<K> => effect.type === type),
    sayings: <K extends Saying['kind']>(kind: K) =>
      bench
        .effectsOf('say')
        .map((effect) => effect.saying)
        .filter((saying): saying is Extract<Saying, { kind: K }> => saying.kind === kind),
    vote: (kind, view = state.view) => {
      const effect = bench
        .effectsOf('say')
        .find(({ saying }) => saying.kind === kind && saying.round === round && saying.view === view)
      if (!effect || effect.saying.kind !== kind) return null
      return { base: effect.saying.base, reason: effect.reason }
    },
    fire: (kind) => feed({ type: 'timer', name: timerName(state, kind) }),
    contribution: (name, fields = {}) => contributionBy(testKey(name), net, { round, parent: head.base, ...fields }),
    contribute: (name, fields) => {
      const signed = bench.contribution(name, fields)
      hear(signed)
      return signed
    },
    list: (member, contributions, seq = 0) => {
      const ids = contributions.map(({ id }) => id).sort(compareCids)
      const signed = sign({ kind: 'list/1', round, parent: head.base, seq, contributions: ids }, member)
      hear(signed)
      if (signed.message.kind !== 'list/1') throw new Error('unreachable')
      return { ...signed, message: signed.message }
    },
    prevote: (member, view, base) => speak({ kind: 'prevote/1', round, view, base }, member),
    precommit: (member, view, base) => speak({ kind: 'precommit/1', round, view, base }, member),
    base: (lists, change = (spec) => spec) => {
      const known = [...state.contributions.values()].map((entry) => entry.contribution)
      return remembered(buildFake(facts, change(specOf(state, lists, known))))
    },
    propose: (view, { base, lineage }, validView = null) =>
      speak({ kind: 'proposal/1', round, view, validView, lineage, base }, view % count),
    restart: (records = journal) => {
      state = newState()
      feed({ type: 'restored', signed: records })
      feed({ type: 'started' })
    },
  }
  return bench
}
