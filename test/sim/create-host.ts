import type { CID } from 'multiformats/cid'
import type { Contribution } from '../../protocols/contribution/messages.ts'
import { isOpenedLineage } from '../../protocols/lineage/rules.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalBytes, equalCids } from '../../protocols/wire/bytes.ts'
import { isSigned, type Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect, RoundEvent } from '../../src/rounds/events.ts'
import { nextHead } from '../../src/rounds/head.ts'
import { heldMessages } from '../../src/rounds/held.ts'
import type { Head, RoundState, SignedContribution } from '../../src/rounds/state.ts'
import { lineageView, parentOf } from '../../src/rounds/views.ts'
import type { TestKey } from '../support/protocols/network.ts'
import type { FakeBase } from '../support/rounds/fusion.ts'
import { createDisk, type Decision, type Recorded } from './disk.ts'
import { type CrashPlan, type Host, type Pace, QUICK, type Untimed } from './host.ts'
import type { Liar } from './liars/liar.ts'
import { createMouth } from './liars/mouth.ts'
import { createLookout } from './lookout.ts'
import type { PropertyName } from './properties/names.ts'
import { nameOf } from './trace.ts'
import { createTransfers } from './transfers.ts'
import { createVoice } from './voice.ts'
import type { World } from './world.ts'

const RETRY_MS = 1000
/** Messages of the next round that a daemon keeps until it is there. */
const MAX_EARLY = 512
/** Reasons for which an honest host need not notice a contradiction: it does not keep what is stale. */
const STALE: readonly string[] = ['past-round', 'future-round', 'far-view', 'older-list', 'known']

export function createHost(options: {
  readonly world: World
  readonly index: number
  readonly key: TestKey
  readonly head: Head
  readonly liar: Liar | null
}): Host {
  const { world, index, key, liar } = options
  const { agenda, facts, machine, record, trace } = world
  const disk = createDisk(options.head)
  const spoken: Signed<RoundMessage>[] = []
  const noted = new Set<string>()
  /** Contributions that its own data speak against: it lists them no more. */
  const blamed = new Set<string>()
  let pace = QUICK
  let crashPlan: CrashPlan | null = null
  let early: Signed<Contribution | RoundMessage>[] = []
  let heldAtFirst: readonly SignedContribution[] = []
  let isUp = false
  let life = 0
  let state = newRound()
  let lookout = createLookout()

  function newRound(previous?: RoundState): RoundState {
    const round = { head: disk.head, self: key.publicKey, now: agenda.now }
    return machine.createRound(previous ? { ...round, previous } : round)
  }

  /** Later, unless this host died or moved on to another round meanwhile. */
  function later(delayMs: number, action: () => void): void {
    const [now, { round }] = [life, state]
    agenda.after(delayMs, () => {
      if (isUp && life === now && state.round === round) action()
    })
  }

  /** Later, unless this host died meanwhile. */
  function laterInLife(delayMs: number, action: () => void): void {
    const now = life
    agenda.after(delayMs, () => {
      if (isUp && life === now) action()
    })
  }

  function dispatch(event: Untimed<RoundEvent>): void {
    const step = reduce({ ...event, now: agenda.now })
    for (const effect of step) {
      run(effect)
      if (!isUp) return
    }
  }

  function reduce(event: RoundEvent): readonly RoundEffect[] {
    try {
      const step = machine.reduce(state, event)
      state = step.state
      return step.effects
    } catch (error) {
      fault('L1', `threw at ${event.type}: ${error instanceof Error ? error.stack : String(error)}`)
      return []
    }
  }

  function run(effect: RoundEffect): void {
    switch (effect.type) {
      case 'say':
        if (!liar && effect.saying.kind === 'list/1') noteFirstList(effect.saying.seq)
        voice.say(effect)
        return
      case 'timer':
        later(effect.delayMs, () => {
          trace.note(index, () => `timer ${effect.name}`)
          dispatch({ type: 'timer', name: effect.name })
        })
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
        later(pace.buildMs, () => {
          const built = keep(machine.build(state.network, effect.spec))
          dispatch({ type: 'built', key: effect.key, base: built.base, lineage: built.lineage })
        })
        return
      case 'judge-gate':
        later(pace.buildMs, () => {
          const judged = world.gate?.(index, effect.spec) ?? null
          dispatch({ type: 'gate-judged', base: effect.base, reason: judged?.reason ?? null })
          for (const { id } of judged?.blamed ?? []) {
            blamed.add(String(id))
            dispatch({ type: 'gate-blamed', id })
          }
        })
        return
      case 'decided':
        trace.note(index, () => `decided r${state.round} v${effect.view} ${String(effect.base).slice(-6)}`)
        adopt(effect.base, effect.certificate)
        return
      case 'evidence':
        trace.note(index, () => `evidence: ${nameOf(effect.first)} and ${nameOf(effect.second)}`)
        if (machine.habits.reportsEvidence) record.accusations.push({ atMs: agenda.now, host: index, evidence: effect })
        return
      case 'entered-view':
        trace.note(
          index,
          () => `view ${effect.view} of r${state.round}, ${world.hostOf(effect.aggregator)?.index} proposes`,
        )
        record.views.push({ atMs: agenda.now, host: index, round: state.round, view: effect.view })
        return
    }
  }

  function fault(property: PropertyName, what: string): void {
    record.faults.push({ property, what: `host ${index} ${what}` })
  }

  function noteFirstList(seq: number): void {
    if (seq > 0) return
    const held = [...state.contributions.values()].filter((entry) => entry.state === 'held')
    heldAtFirst = held.map(({ contribution }) => contribution).filter(({ id }) => !blamed.has(String(id)))
  }

  function keep(built: FakeBase): FakeBase {
    disk.bases.set(String(built.base), built)
    disk.lineages.set(String(built.lineage), built.bytes)
    return built
  }

  /** Signed, and out of the host or on its disk. */
  function noteSpoken(signed: Signed<RoundMessage>): void {
    if (noted.has(String(signed.id))) return
    noted.add(String(signed.id))
    spoken.push(signed)
    record.spoken.push({ atMs: agenda.now, host: index, signed })
    const { message } = signed
    if (message.kind === 'list/1' && message.seq === 0 && !liar)
      record.firstLists.push({ host: index, round: message.round, list: signed, held: heldAtFirst })
  }

  const mouth = liar && createMouth({ world, host: () => host, liar, keep, noteSpoken })

  const voice = createVoice({
    world,
    host: () => host,
    later: laterInLife,
    isStale: ({ round }) => round !== state.round,
    die: (plan) => die(plan),
    onSaid: (signed, { saying, reason }) => {
      if (mouth) mouth.speak(saying)
      else {
        const why = reason === null ? '' : `, because ${reason}`
        trace.note(index, () => `says ${nameOf(signed)}${why}`)
        world.broadcast(host, signed)
      }
      dispatch({ type: 'received', signed })
    },
    noteSigned: noteSpoken,
  })

  function die(plan: CrashPlan): void {
    const next = plan.next ?? (plan.every === undefined ? null : { ...plan, step: plan.every })
    crashPlan = next && { ...next, step: voice.steps + next.step }
    host.crash(plan.isPowerCut === true)
    agenda.after(plan.downMs, () => host.restart())
  }

  /** The base of a decision: from our own store, else from whoever has it. */
  function adopt(base: CID, certificate: Uint8Array): void {
    later(pace.adoptMs, () => {
      const holder = [host, ...world.hosts.filter((other) => world.canReach(host, other) && !other.liar)].find(
        (other) => other.disk.bases.has(String(base)),
      )
      const found = holder?.disk.bases.get(String(base))
      if (!found) later(RETRY_MS, () => adopt(base, certificate))
      else enter({ base, certificate, lineage: keep(found).bytes }, true)
    })
  }

  const isRetired = () => disk.head.round >= world.rounds

  /** Checks a decided base against our head, as anybody would, and goes on to the next round. */
  function enter({ base, certificate, lineage }: Omit<Decision, 'round' | 'atMs'>, isOurs: boolean): boolean {
    const { round, network } = state
    if (isRetired()) return false
    const opened = machine.openLineage(lineage, lineageView(disk.head))
    const read = machine.openCertificate(certificate, { ...network, network: network.id })
    const isCertified = 'base' in read && equalCids(read.base, base) && read.round === round
    if (!isOpenedLineage(opened) || !isCertified) {
      trace.note(index, () => `refuses a base of r${round}`)
      if (isOurs) fault('S2', `decided a base of round ${round} that does not hold`)
      return false
    }
    const decision: Decision = { round, base, certificate, lineage, atMs: agenda.now }
    disk.chain.push(decision)
    if (machine.habits.keepsLineages) disk.records.set(String(base), lineage)
    record.adoptions.push({ atMs: agenda.now, host: index, decision })
    trace.note(index, () => `adopts r${round} ${String(base).slice(-6)}`)
    disk.head = nextHead(disk.head, { base, opened, certificate })
    if (isRetired())
      state = newRound() // answers those that ask, and takes part no more
    else begin(newRound(state))
    world.noteHead(host)
    return true
  }

  function begin(next: RoundState): void {
    transfers.forget()
    state = next
    lookout = createLookout()
    const { head, round } = state
    record.begun.push({ atMs: agenda.now, host: index, round })
    const isNeeded = ({ message }: Recorded) =>
      message.round >= round ||
      (message.kind === 'contribution/1' && parentOf(head, message.parent, message.round) !== null)
    const restored = disk.journal.filter(isNeeded)
    if (!liar) noteUnproven(restored)
    dispatch({ type: 'restored', signed: restored })
    dispatch({ type: 'started' })
    if (!liar) repeat(restored)
    const waiting = early
    early = []
    for (const signed of waiting) receive(signed)
    later(pace.fsyncMs, () => disk.keepOnly(isNeeded))
    world.noteBegun(host)
  }

  /** A lock in the journal stands beside the prevotes that it rests on, or nobody could ever be convinced of it. */
  function noteUnproven(restored: readonly Recorded[]): void {
    const { network, round } = state
    for (const { message } of restored) {
      if (message.kind !== 'precommit/1' || message.base === null || message.round !== round) continue
      if (!equalBytes(message.author, key.publicKey)) continue
      const shown = restored.filter(
        ({ message: vote }) =>
          vote.kind === 'prevote/1' && vote.view === message.view && equalCids(vote.base, message.base),
      )
      if (shown.length < network.quorum) fault('L1', 'cannot show what its lock rests on')
    }
  }

  /** What we said before the restart may have reached nobody. */
  function repeat(restored: readonly Recorded[]): void {
    for (const { message, ...rest } of restored) {
      if (message.kind === 'contribution/1' || !equalBytes(message.author, key.publicKey)) continue
      noteSpoken({ ...rest, message })
      world.broadcast(host, { ...rest, message })
    }
  }

  function receive(signed: Signed<Contribution | RoundMessage>): void {
    if (!isUp || isRetired()) return
    const { message } = signed
    const verdict = machine.judge(state, signed)
    const reason = verdict.verdict === 'accept' ? null : verdict.reason
    if (reason === 'future-round' && message.round === state.round + 1 && early.length < MAX_EARLY) early.push(signed)
    if (reason !== 'known') trace.note(index, () => `hears ${nameOf(signed)}${reason ? `: ${reason}` : ''}`)
    if (message.kind !== 'contribution/1') {
      const sender = liar ? null : world.hostOf(message.author)
      if (sender?.liar && !STALE.includes(reason ?? ''))
        record.heard.push({ host: index, life, signed: { ...signed, message } })
      if (reason === null && mouth) mouth.hear(message)
    }
    if (reason !== null || (liar?.isStubborn && message.kind === 'precommit/1')) return
    const heardIn = lookout
    heardIn.note(message)
    dispatch({ type: 'received', signed })
    if (!liar && heardIn === lookout) noteLagging()
  }

  /** f + 1 members in a later view: one of them at least is honest, and waiting for the others is in vain. */
  function noteLagging(): void {
    const { network, phase, round, self, view } = state
    const reached = lookout.reachedBy(network.threshold)
    if (self === null || phase === 'adopt' || reached <= view) return
    fault('L1', `stays in view ${view} of round ${round} when f + 1 members are in view ${reached}`)
  }

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
      return voice.steps
    },
    get crashPlan() {
      return crashPlan
    },
    set crashPlan(plan) {
      crashPlan = plan
    },
    get pace(): Pace {
      return pace
    },
    set pace(next) {
      pace = next
    },
    disk,
    spoken,
    start: () => {
      isUp = true
      begin(newRound())
    },
    crash: (isPowerCut = false) => {
      if (!isUp) return
      trace.note(index, () => (isPowerCut ? 'loses power' : 'dies'))
      isUp = false
      life++
      voice.stop()
      if (isPowerCut) disk.cutPower()
      early = []
    },
    restart: () => {
      if (isUp) return
      trace.note(index, () => 'starts again')
      isUp = true
      life++
      if (machine.habits.syncsAtStart) disk.sync()
      if (!machine.habits.keepsChain) {
        disk.chain.length = 0
        disk.head = options.head
      }
      state = newRound() // memory is gone
      if (!isRetired()) begin(state)
    },
    receive,
    receiveBytes: (envelope) => {
      if (!isUp) return
      const opened = machine.open(envelope, facts.id)
      if (isSigned(opened)) receive(opened)
      else trace.note(index, () => `refuses bytes: ${opened.verdict === 'accept' ? '' : opened.reason}`)
    },
    ratify: (ratification, delayMs) => later(delayMs, () => dispatch({ type: 'ratified', ratification })),
    pullFrom: (other) => {
      const theirs = other.liar?.chain?.(other) ?? other.chain
      if (disk.head.round < theirs.length) {
        for (const decision of theirs.slice(disk.head.round)) if (!enter(decision, false)) return
        return
      }
      if (isRetired() || other.state.round !== state.round) return
      for (const signed of heldMessages(other.state)) if (!state.known.has(String(signed.id))) receive(signed)
    },
  }
  const transfers = createTransfers({ world, host, later, dispatch })
  return host
}
