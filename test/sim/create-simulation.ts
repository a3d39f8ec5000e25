import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import type { Genesis } from '../../../protocols/genesis/messages.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalBytes, equalCids, toHex } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import { slotOf } from '../../../src/rounds/draft.ts'
import type { RoundEffect } from '../../../src/rounds/events.ts'
import { genesisHead } from '../../../src/rounds/head.ts'
import { type NetworkFacts, networkFacts } from '../../../src/rounds/network.ts'
import { createRound, reduce } from '../../../src/rounds/reduce.ts'
import { contributionBy } from '../protocols/messages.ts'
import { type TestNetwork, testCid, testKey, testNetwork } from '../protocols/network.ts'
import { createAgenda } from './agenda.ts'
import { createHost } from './create-host.ts'
import { describeHost, type Host } from './host.ts'
import type { Liar } from './liars.ts'
import { createRandom } from './random.ts'
import type { Machine, OfferedContribution, World } from './world.ts'

/** What links do to messages: latency in virtual milliseconds, probabilities of loss and of arriving twice. */
export interface Link {
  readonly minMs: number
  readonly maxMs: number
  readonly drop: number
  readonly duplicate: number
  /** How likely messages of a kind come so late that timers have run out: what an attacker on the wire would pick. */
  readonly late?: Partial<Record<RoundMessage['kind'], number>>
}

const LATEST_MS = 10_000

export const CALM: Link = { minMs: 1, maxMs: 20, drop: 0, duplicate: 0 }

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
  readonly machine?: Machine
  /** Lets a test break the network's numbers. */
  readonly facts?: (facts: NetworkFacts) => NetworkFacts
}

export interface Simulation {
  readonly net: TestNetwork
  readonly facts: NetworkFacts
  readonly hosts: readonly Host[]
  readonly now: number
  /** Broken invariants, in words. */
  readonly violations: readonly string[]
  readonly evidence: readonly { readonly host: number; readonly against: string }[]
  link: Link
  /** Messages that a test keeps from a host. */
  cut: (signed: Signed<RoundMessage>, to: number) => boolean
  /** Whether hosts compare what they hold. */
  isSyncing: boolean
  start(): void
  /** Offers a contribution to the round, by a contributor of this name. */
  contribute(name: string, offer?: Offer): Signed<Contribution>
  partition(...groups: readonly (readonly number[])[]): void
  heal(): void
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

const REAL: Machine = { createRound, reduce }

export function createSimulation(options: SimulationOptions = {}): Simulation {
  const { members = 4, quorum = 'byzantine', observers = 0, syncMs = 2000, rounds = 1 } = options
  const net = testNetwork({ members, quorum, round: options.round ?? {} })
  const plain = networkFacts(net.network, net.genesis)
  const facts = options.facts ? options.facts(plain) : plain
  const agenda = createAgenda()
  const random = createRandom(options.seed ?? 1)
  const violations: string[] = []
  const evidence: { host: number; against: string }[] = []
  const contributions: OfferedContribution[] = []
  const slots = new Map<string, CID>()
  const precommitted = new Map<string, Map<string, { base: CID; authors: Set<string> }>>()
  const certified = new Map<number, CID>()
  let link = options.link ?? CALM
  let isSyncing = true
  let cut: Simulation['cut'] = () => false
  let groups: readonly (readonly number[])[] | null = null

  const groupOf = (index: number) => groups?.findIndex((group) => group.includes(index)) ?? 0

  const world: World = {
    agenda,
    random,
    facts,
    machine: options.machine ?? REAL,
    contributions,
    rounds,
    get hosts() {
      return hosts
    },
    latency: () => random.integer(link.minMs, link.maxMs),
    hostOf: (key) => hosts.find((host) => equalBytes(host.key.publicKey, key)) ?? null,
    canReach: (from, to) => from.isUp && to.isUp && groupOf(from.index) === groupOf(to.index),
    broadcast: (from, signed, to) => {
      for (const host of hosts) {
        if (host === from || (to && !to.includes(host.index)) || cut(signed, host.index)) continue
        const copies = random.chance(link.drop) ? 0 : random.chance(link.duplicate) ? 2 : 1
        for (let copy = 0; copy < copies; copy++) {
          const lateMs = random.chance(link.late?.[signed.message.kind] ?? 0) ? random.integer(0, LATEST_MS) : 0
          agenda.after(world.latency() + lateMs, () => {
            if (groupOf(from.index) === groupOf(host.index)) host.receive(signed)
          })
        }
      }
    },
    send: (to, signed) => agenda.after(world.latency(), () => to.receive(signed)),
    noteSpoken: (host, signed) => {
      if (!host.liar) noteSlot(host, signed)
      if (signed.message.kind === 'precommit/1' && signed.message.base) {
        notePrecommit(signed.message.round, signed.message.view, signed.message.base, host)
      }
    },
    noteDecision: (_, round, base) => noteCertified(round, base),
    noteEvidence: (host, { first }: Extract<RoundEffect, { type: 'evidence' }>) => {
      evidence.push({ host: host.index, against: facts.nameOf(first.message.author) })
      const accused = world.hostOf(first.message.author)
      if (accused && !accused.liar) violations.push(`S5: evidence against the honest host ${accused.index}`)
    },
    noteViolation: (violation) => violations.push(violation),
  }

  /** S5: one message a slot, for ever. */
  function noteSlot(host: Host, { message, id }: Signed<RoundMessage>): void {
    const slot = `${host.index}/${message.round}/${slotOf(message)}`
    const before = slots.get(slot)
    if (before && !equalCids(before, id)) violations.push(`S5: host ${host.index} contradicts itself in ${slot}`)
    slots.set(slot, id)
  }

  /** S1: whoever collects every vote that was ever signed finds one certificate a round. */
  function notePrecommit(round: number, view: number, base: CID, host: Host): void {
    const inView = precommitted.get(`${round}/${view}`) ?? new Map<string, { base: CID; authors: Set<string> }>()
    precommitted.set(`${round}/${view}`, inView)
    const votes = inView.get(String(base)) ?? { base, authors: new Set<string>() }
    inView.set(String(base), votes)
    votes.authors.add(toHex(host.key.publicKey))
    if (votes.authors.size >= facts.quorum) noteCertified(round, base)
  }

  function noteCertified(round: number, base: CID): void {
    const before = certified.get(round)
    if (before && !equalCids(before, base)) violations.push(`S1: two certified bases in round ${round}`)
    certified.set(round, before ?? base)
  }

  const head = genesisHead(facts, testCid('genesis weights', 'file'))
  const keys = [...net.members, ...Array.from({ length: observers }, (_, i) => testKey(`observer-${i}`))]
  const hosts: readonly Host[] = keys.map((key, index) =>
    createHost({ world, index, key, head, liar: options.liars?.[index] ?? null }),
  )

  function syncNow(host: Host): void {
    const others = hosts.filter((other) => other !== host && world.canReach(host, other) && !other.liar?.withholds)
    if (isSyncing && host.isUp && others.length > 0) host.pullFrom(random.pick(others))
    agenda.after(random.integer(syncMs / 2, syncMs), () => syncNow(host))
  }

  /** A contributor is a peer too: members that forgot its message in a crash hear it again. */
  function remind(signed: Signed<Contribution>): void {
    if (isSyncing) random.pick(hosts).receive(signed)
    agenda.after(random.integer(syncMs / 2, syncMs), () => remind(signed))
  }

  const honest = () => hosts.filter((host) => !host.liar)
  const isDecided = (round = 1) => honest().every((host) => host.isUp && host.chain.length >= round)

  return {
    net,
    facts,
    hosts,
    violations,
    evidence,
    get now() {
      return agenda.now
    },
    get link() {
      return link
    },
    set link(next) {
      link = next
    },
    get cut() {
      return cut
    },
    set cut(next) {
      cut = next
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
        if (syncMs > 0) agenda.after(random.integer(1, syncMs), () => syncNow(host))
      }
    },
    contribute: (name, { servedTo = () => true, defect, announcedTo, fields = {} }: Offer = {}) => {
      const signed = contributionBy(testKey(name), net, fields)
      contributions.push({ signed, servedTo, defect: defect ?? null })
      const audience = hosts.filter(({ index }) => !announcedTo || announcedTo.includes(index))
      for (const host of audience) agenda.after(world.latency(), () => host.receive(signed))
      if (syncMs > 0 && !announcedTo) agenda.after(syncMs, () => remind(signed))
      return signed
    },
    partition: (...parts) => {
      groups = parts
    },
    heal: () => {
      groups = null
    },
    after: (delayMs, action) => agenda.after(delayMs, action),
    run: (forMs, done) => agenda.run(agenda.now + forMs, done),
    isDecided,
    decided: (round = 1) => {
      const bases = honest().map((host) => host.chain[round - 1]?.base ?? null)
      const [first = null] = bases
      return bases.every((base) => equalCids(base, first)) ? first : null
    },
    aggregator: (view, round = 1) => {
      const rank = createRound({ network: facts, head: { ...head, round: round - 1 }, self: null, now: 0 }).rank
      const key = rank[view % rank.length]
      return hosts.findIndex((host) => key !== undefined && equalBytes(host.key.publicKey, key))
    },
    describe: () => [`${agenda.now} ms`, ...violations, ...hosts.map(describeHost)].join('\n'),
  }
}
