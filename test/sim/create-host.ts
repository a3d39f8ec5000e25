import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { isOpenedLineage, openLineage } from '../../../protocols/lineage/rules.ts'
import { openCertificate } from '../../../protocols/round/certificate.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { RoundEffect, RoundEvent, Saying } from '../../../src/rounds/events.ts'
import { nextHead } from '../../../src/rounds/head.ts'
import { heldMessages } from '../../../src/rounds/held.ts'
import type { Head, RoundState } from '../../../src/rounds/state.ts'
import { judge, lineageView } from '../../../src/rounds/views.ts'
import type { TestKey } from '../protocols/network.ts'
import { buildFake, type FakeBase } from './fusion.ts'
import type { CrashPlan, Decision, Disk, Host, Untimed } from './host.ts'
import type { Liar, Utterance } from './liars.ts'
import { signList, signSaying } from './speech.ts'
import { createTransfers } from './transfers.ts'
import type { World } from './world.ts'

const JOURNAL_MS = 2
const BUILD_MS = 20
const ADOPT_MS = 50
const RETRY_MS = 1000

export function createHost(options: {
  readonly world: World
  readonly index: number
  readonly key: TestKey
  readonly head: Head
  readonly liar: Liar | null
}): Host {
  const { world, index, key, liar } = options
  const { agenda, facts, machine } = world
  const disk: Disk = {
    journal: [],
    bases: new Map(),
    lineages: new Map(),
    checkpoints: new Set(),
    chain: [],
    head: options.head,
  }
  const spoken: Signed<RoundMessage>[] = []
  const effects: RoundEffect[] = []
  let state = newRound()
  let isUp = false
  let epoch = 0
  let journalSteps = 0

  function newRound(previous?: RoundState): RoundState {
    const round = { network: facts, head: disk.head, self: key.publicKey, now: agenda.now }
    return machine.createRound(previous ? { ...round, previous } : round)
  }

  /** Later, unless this host died or moved on to another round meanwhile. */
  function later(delayMs: number, action: () => void): void {
    const [life, { round }] = [epoch, state]
    agenda.after(delayMs, () => {
      if (isUp && epoch === life && state.round === round) action()
    })
  }

  function dispatch(event: Untimed<RoundEvent>): void {
    const step = machine.reduce(state, { ...event, now: agenda.now })
    state = step.state
    for (const effect of step.effects) {
      effects.push(effect)
      run(effect)
      if (!isUp) return
    }
  }

  function run(effect: RoundEffect): void {
    switch (effect.type) {
      case 'say':
        later(JOURNAL_MS, () => say(effect))
        return
      case 'timer':
        later(effect.delayMs, () => dispatch({ type: 'timer', name: effect.name }))
        return
      case 'fetch-checkpoint':
        transfers.checkpoint(effect.contribution.id, effect.from)
        return
      case 'fetch-contributions':
        transfers.contributions(effect.ids, effect.from)
        return
      case 'fetch-lineage':
        transfers.lineage(effect.cid, effect.from)
        return
      case 'build':
        later(BUILD_MS, () => {
          const built = keep(buildFake(facts, effect.spec))
          dispatch({ type: 'built', key: effect.key, base: built.base, lineage: built.lineage })
        })
        return
      case 'decided':
        adopt(effect.base, effect.certificate)
        return
      case 'evidence':
        world.noteEvidence(host, effect)
        return
      case 'entered-view':
        return
    }
  }

  function keep(built: FakeBase): FakeBase {
    disk.bases.set(String(built.base), built)
    disk.lineages.set(String(built.lineage), built.bytes)
    return built
  }

  function say({ saying, proof }: Extract<RoundEffect, { type: 'say' }>): void {
    const signed = signSaying(saying, key, facts.id)
    const step = journalSteps++
    const plan = crashPlan
    const diesHere = plan?.step === step
    if (plan && diesHere && plan.stage === 'before-journal') {
      die(plan)
      return
    }
    disk.journal.push(...proof, signed)
    if (plan && diesHere) {
      die(plan)
      return
    }
    if (liar) utter(liar.speak(saying, tools))
    else {
      note(signed)
      world.broadcast(host, signed)
    }
    dispatch({ type: 'received', signed })
  }

  function die(plan: CrashPlan): void {
    host.crash()
    agenda.after(plan.downMs, () => host.restart())
  }

  function note(signed: Signed<RoundMessage>): void {
    spoken.push(signed)
    world.noteSpoken(host, signed)
  }

  function utter(utterances: readonly Utterance[]): void {
    for (const { saying, to } of utterances) {
      const signed = signSaying(saying, key, facts.id)
      note(signed)
      world.broadcast(host, signed, to)
    }
  }

  const tools = {
    get state() {
      return state
    },
    index,
    random: world.random,
    others: () => world.hosts.filter((other) => other.index !== index).map((other) => other.index),
    notes: new Set<string>(),
    accomplices: () => world.hosts.filter((other) => other.liar && other.index !== index).map((other) => other.index),
    baseOf: (base: CID) => disk.bases.get(String(base)) ?? null,
    signList: (saying: Extract<Saying, { kind: 'list/1' }>) => signList(saying, key, facts.id),
    build: (spec: FakeBase['spec']) => keep(buildFake(facts, spec)),
    contributions: () => world.contributions.map(({ signed }) => signed),
  }

  /** The base of a decision: from our own store, else from whoever has it. */
  function adopt(base: CID, certificate: Uint8Array): void {
    later(ADOPT_MS, () => {
      const holder = [host, ...world.hosts.filter((other) => world.canReach(host, other) && !other.liar)].find(
        (other) => other.disk.bases.has(String(base)),
      )
      const found = holder?.disk.bases.get(String(base))
      if (!found) later(RETRY_MS, () => adopt(base, certificate))
      else enter({ base, certificate, lineage: keep(found).bytes })
    })
  }

  /** Checks a decided base against our head, as anybody would, and goes on to the next round. */
  function enter({ base, certificate, lineage }: Pick<Decision, 'base' | 'certificate' | 'lineage'>): boolean {
    const { round } = state
    if (disk.head.round >= world.rounds) return false
    const opened = openLineage(lineage, lineageView(facts, disk.head))
    const read = openCertificate(certificate, { network: facts.id, quorum: facts.quorum, isMember: facts.isMember })
    const isCertified = 'base' in read && equalCids(read.base, base) && read.round === round
    if (!isOpenedLineage(opened) || !isCertified) {
      world.noteViolation(`S2: host ${index} met a decided base of round ${round} that does not hold`)
      return false
    }
    disk.chain.push({ round, base, certificate, lineage, atMs: agenda.now })
    world.noteDecision(host, round, base)
    disk.head = nextHead(facts, disk.head, { base, opened, certificate })
    disk.journal = []
    if (round >= world.rounds) return false // the state stays for others to ask
    begin()
    return true
  }

  function begin(): void {
    transfers.forget()
    state = newRound(state)
    const restored = disk.journal
    if (restored.length > 0) dispatch({ type: 'restored', signed: restored })
    dispatch({ type: 'started' })
  }

  function receive(signed: Signed<Contribution | RoundMessage>): void {
    if (!isUp) return
    if (judge(state, signed).verdict !== 'accept') return
    if (liar?.hear && signed.message.kind !== 'contribution/1') utter(liar.hear(signed.message, tools))
    if (liar?.isStubborn && signed.message.kind === 'precommit/1') return
    dispatch({ type: 'received', signed })
  }

  let crashPlan: CrashPlan | null = null
  const host: Host = {
    index,
    key,
    liar,
    get state() {
      return state
    },
    get isUp() {
      return isUp
    },
    get chain() {
      return disk.chain
    },
    get journalSteps() {
      return journalSteps
    },
    get crashPlan() {
      return crashPlan
    },
    set crashPlan(plan) {
      crashPlan = plan
    },
    disk,
    spoken,
    effects,
    start: () => {
      isUp = true
      begin()
    },
    crash: () => {
      isUp = false
      epoch++
    },
    restart: () => {
      if (isUp) return
      isUp = true
      epoch++
      state = newRound() // memory is gone
      if (disk.head.round < world.rounds) begin()
    },
    receive,
    pullFrom: (other) => {
      if (disk.head.round < other.chain.length) {
        for (const decision of other.chain.slice(disk.head.round)) if (!enter(decision)) return
        return
      }
      if (disk.head.round >= world.rounds || other.state.round !== state.round) return
      for (const signed of heldMessages(other.state)) if (!state.known.has(String(signed.id))) receive(signed)
    },
  }
  const transfers = createTransfers({ world, host, later, dispatch })
  return host
}
