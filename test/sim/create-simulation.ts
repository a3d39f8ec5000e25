import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { Genesis } from '../../protocols/genesis/messages.ts'
import { equalBytes, equalCids, toHex } from '../../protocols/wire/bytes.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { genesisHead } from '../../src/rounds/head.ts'
import { type NetworkFacts, networkFacts } from '../../src/rounds/network.ts'
import { createRound } from '../../src/rounds/reduce.ts'
import { contributionBy } from '../support/protocols/messages.ts'
import { type TestNetwork, testCid, testKey, testNetwork } from '../support/protocols/network.ts'
import { createRandom } from '../support/rounds/random.ts'
import { createAgenda } from './agenda.ts'
import { createHost } from './create-host.ts'
import { describeHost, type Host } from './host.ts'
import { type Liar, withholds } from './liars/liar.ts'
import { type Machine, REAL } from './machine.ts'
import { judgeRun } from './properties/all.ts'
import type { Run } from './properties/property.ts'
import { createRecord, type RunRecord } from './record.ts'
import { createTrace, nameOf, type Trace } from './trace.ts'
import { CALM, createWires, type Link, type Wires } from './wires.ts'
import type { Gate, OfferedContribution, World } from './world.ts'

export interface SimulationOptions {
  readonly seed?: number
  readonly members?: number
  readonly quorum?: Genesis['quorum']
  readonly round?: Partial<Genesis['round']>
  /** By index of the member. */
  readonly liars?: Readonly<Record<number, Liar>>
  readonly observers?: number
  readonly link?: Link
  /** How often a host compares what it holds with somebody; 0 for never. */
  readonly syncMs?: number
  readonly rounds?: number
  /** Makes the network one with a gate. */
  readonly gate?: Gate
  readonly machine?: Partial<Machine>
  /** Writes down what happens, for people. */
  readonly isTraced?: boolean
  /** Called when the first honest host begins a round. */
  readonly onRound?: (round: number, host: Host) => void
  /** Called when a host begins a round, for the first time or again. */
  readonly onBegun?: (host: Host) => void
}

export interface Simulation {
  readonly net: TestNetwork
  /** The network's own numbers, whatever the machine takes them for. */
  readonly facts: NetworkFacts
  readonly hosts: readonly Host[]
  readonly now: number
  readonly record: RunRecord
  readonly trace: Trace
  readonly contributions: ReadonlyMap<string, OfferedContribution>
  readonly wires: Wires
  /** What a judge of the run looks at. */
  asRun(peace?: Run['peace']): Run
  /** Broken invariants of safety, in words. */
  readonly violations: readonly string[]
  readonly evidence: readonly { readonly host: number; readonly against: string }[]
  /** Whether hosts compare what they hold. */
  isSyncing: boolean
  start(): void
  /** Offers a contribution to a round, the first by default, by a contributor of this name. */
  contribute(name: string, offer?: Offer): Signed<Contribution>
  after(delayMs: number, action: () => void): void
  /** Runs until `done` or for so long. Returns whether `done` holds. */
  run(forMs: number, done?: () => boolean): boolean
  /** True when every honest live host has decided this round. */
  isDecided(round?: number): boolean
  /** The one base that everybody decided in a round. */
  decided(round?: number): CID | null
  /** Index of the aggregator of a view. */
  aggregator(view: number, round?: number): number
  describe(): string
}

export interface Offer {
  readonly servedTo?: (index: number) => boolean
  readonly defect?: string
  /** Hosts that the message reaches by gossip; all by default. */
  readonly announcedTo?: readonly number[]
  readonly fields?: Parameters<typeof contributionBy>[2]
}

export function createSimulation(options: SimulationOptions = {}): Simulation {
  const { members = 4, quorum = 'byzantine', observers = 0, syncMs = 2000, rounds = 1 } = options
  const machine = { ...REAL, ...options.machine }
  const gate = options.gate ? { gate: { maxDrop: 10_000_000 } } : {}
  const net = testNetwork({ members, quorum, round: options.round ?? {}, ...gate })
  const facts = networkFacts(net.network, net.genesis)
  const agenda = createAgenda()
  const random = createRandom(options.seed ?? 1)
  const wires = createWires(random, options.link ?? CALM)
  const record = createRecord()
  const trace = createTrace(options.isTraced === true, () => agenda.now)
  const contributions = new Map<string, OfferedContribution>()
  let isSyncing = true
  let newest = -1

  const world: World = {
    net,
    agenda,
    random,
    wires,
    trace,
    record,
    facts: machine.facts(facts),
    machine,
    contributions,
    rounds,
    ...(options.gate && { gate: options.gate }),
    get hosts() {
      return hosts
    },
    hostOf: (key) => byKey.get(toHex(key)) ?? null,
    canReach: (from, to) =>
      from.isUp && to.isUp && wires.isOpen(from.index, to.index) && wires.isOpen(to.index, from.index),
    broadcast: (from, signed, to) => {
      for (const host of hosts) {
        if (host === from || (to && !to.includes(host.index)) || wires.cut(signed, host.index)) continue
        const delays = wires.delays(from.index, host.index, signed.message.kind)
        if (delays.length === 0) trace.note(from.index, () => `  lost on the way to h${host.index}: ${nameOf(signed)}`)
        for (const delay of delays) carry(from, host, delay, () => host.receive(signed))
      }
    },
    broadcastBytes: (from, envelope, to) => {
      for (const host of hosts) {
        if (host === from || (to && !to.includes(host.index))) continue
        for (const delay of wires.delays(from.index, host.index, 'list/1'))
          carry(from, host, delay, () => host.receiveBytes(envelope))
      }
    },
    send: (from, to, signed) => agenda.after(wires.latency(from.index, to.index), () => to.receive(signed)),
    noteHead: (host) => {
      const { round } = host.disk.head
      if (host.liar || round <= newest || round >= rounds) return
      newest = round
      options.onRound?.(round + 1, host)
    },
    noteBegun: (host) => options.onBegun?.(host),
  }

  function carry(from: Host, to: Host, delayMs: number, arrive: () => void): void {
    agenda.after(delayMs, () => {
      if (wires.isOpen(from.index, to.index)) arrive()
    })
  }

  const head = genesisHead(world.facts, testCid('genesis weights', 'file'))
  const keys = [...net.members, ...Array.from({ length: observers }, (_, i) => testKey(`observer-${i}`))]
  const hosts: readonly Host[] = keys.map((key, index) =>
    createHost({ world, index, key, head, liar: options.liars?.[index] ?? null }),
  )
  const byKey = new Map(hosts.map((host) => [toHex(host.key.publicKey), host]))

  function syncNow(host: Host): void {
    const others = hosts.filter(
      (other) => other !== host && world.canReach(host, other) && !withholds(other.liar, host.index),
    )
    if (isSyncing && host.isUp && others.length > 0) host.pullFrom(random.pick(others))
    agenda.after(random.integer(syncMs / 2, syncMs), () => syncNow(host))
  }

  /** A contributor is a peer too: members that forgot its message in a crash hear it again, while its round lasts. */
  function remind(signed: Signed<Contribution>): void {
    if (isSyncing) random.pick(hosts).receive(signed)
    agenda.after(random.integer(syncMs / 2, syncMs), () => remind(signed))
  }

  const asRun = (peace: Run['peace'] = null): Run => ({
    seed: options.seed ?? 1,
    net,
    facts,
    hosts,
    record,
    contributions,
    rounds,
    genesisWeights: String(head.weights),
    machine,
    peace,
  })

  const honest = () => hosts.filter((host) => !host.liar)

  return {
    net,
    facts,
    hosts,
    record,
    trace,
    contributions,
    wires,
    asRun,
    get violations() {
      return judgeRun(asRun()).map(({ property, what }) => `${property}: ${what}`)
    },
    get evidence() {
      return record.accusations.map(({ host, evidence }) => ({
        host,
        against: facts.nameOf(evidence.first.message.author),
      }))
    },
    get now() {
      return agenda.now
    },
    get isSyncing() {
      return isSyncing
    },
    set isSyncing(next) {
      isSyncing = next
    },
    start: () => {
      for (const host of hosts) {
        host.start()
        world.noteHead(host)
        if (syncMs > 0) agenda.after(random.integer(1, syncMs), () => syncNow(host))
      }
    },
    contribute: (name, { servedTo = () => true, defect, announcedTo, fields = {} }: Offer = {}) => {
      const signed = contributionBy(testKey(name), net, fields)
      contributions.set(String(signed.id), { signed, servedTo, defect: defect ?? null })
      for (const host of hosts) {
        if (announcedTo && !announcedTo.includes(host.index)) continue
        for (const delay of announcedTo ? [1] : wires.delays(host.index, host.index, 'contribution/1'))
          agenda.after(delay, () => host.receive(signed))
      }
      if (syncMs > 0 && !announcedTo) agenda.after(syncMs, () => remind(signed))
      return signed
    },
    after: (delayMs, action) => agenda.after(delayMs, action),
    run: (forMs, done) => agenda.run(agenda.now + forMs, done),
    isDecided: (round = 1) => honest().every((host) => host.isUp && host.chain.length >= round),
    decided: (round = 1) => {
      const bases = honest().map((host) => host.chain[round - 1]?.base ?? null)
      const [first = null] = bases
      return bases.every((base) => equalCids(base, first)) ? first : null
    },
    aggregator: (view, round = 1) => {
      const rank = createRound({ head: { ...head, round: round - 1 }, self: null, now: 0 }).rank
      const key = rank[view % rank.length]
      return hosts.findIndex((host) => key !== undefined && equalBytes(host.key.publicKey, key))
    },
    describe: () => [`${agenda.now} ms`, ...hosts.map(describeHost)].join('\n'),
  }
}
