import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalBytes } from '../../protocols/wire/bytes.ts'
import { isSigned, type Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect, RoundEvent } from '../../src/rounds/events.ts'
import { heldMessages } from '../../src/rounds/held.ts'
import type { Head, RoundState } from '../../src/rounds/state.ts'
import type { TestKey } from '../support/protocols/network.ts'
import { createDisk, type Recorded } from './disk.ts'
import { createEars } from './ears.ts'
import { createEffects } from './effects.ts'
import { type CrashPlan, type Host, type Pace, QUICK, type Untimed } from './host.ts'
import { createLedger } from './ledger.ts'
import type { Liar } from './liars/liar.ts'
import { createMouth } from './liars/mouth.ts'
import type { PropertyName } from './properties/names.ts'
import { countUnproven, isNeededIn } from './recall.ts'
import { createTestimony } from './testimony.ts'
import { nameOf } from './trace.ts'
import { createTransfers } from './transfers.ts'
import { createVoice } from './voice.ts'
import type { World } from './world.ts'

/** One peer around the machine: its life and its rounds, put together from what it hears, says, fetches and adopts. */
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
  let pace = QUICK
  let crashPlan: CrashPlan | null = null
  let isUp = false
  let isEnded = false
  let life = 0
  let state = newRound()

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

  function fault(property: PropertyName, what: string): void {
    record.faults.push({ property, what: `host ${index} ${what}` })
  }

  const testimony = createTestimony({ world, host: () => host })
  const ledger = createLedger({
    world,
    host: () => host,
    later,
    onRefused: (round) => fault('S2', `decided a base of round ${round} that does not hold`),
    onEntered: () => {
      if (ledger.isRetired) state = newRound()
      else begin(newRound(state))
      world.noteHead(host)
    },
  })
  const mouth = liar && createMouth({ world, host: () => host, liar, keep: ledger.keep, noteSpoken: testimony.note })
  const ears = createEars({
    world,
    host: () => host,
    mouth,
    life: () => life,
    accept: (signed) => dispatch({ type: 'received', signed }),
    onFault: (what) => fault('L1', what),
  })

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
    noteSigned: testimony.note,
  })

  function die(plan: CrashPlan): void {
    const next = plan.next ?? (plan.every === undefined ? null : { ...plan, step: plan.every })
    crashPlan = next && { ...next, step: voice.steps + next.step }
    host.crash(plan.isPowerCut === true)
    agenda.after(plan.downMs, () => host.restart())
  }

  function begin(next: RoundState): void {
    transfers.forget()
    state = next
    ears.forget()
    record.begun.push({ atMs: agenda.now, host: index, round: state.round })
    const isNeeded = isNeededIn(state)
    const restored = disk.journal.filter(isNeeded)
    const unproven = liar ? 0 : countUnproven(restored, state, key.publicKey)
    for (let lock = 0; lock < unproven; lock++) fault('L1', 'cannot show what its lock rests on')
    dispatch({ type: 'restored', signed: restored })
    dispatch({ type: 'started' })
    if (!liar) repeat(restored)
    ears.hearEarly()
    later(pace.fsyncMs, () => disk.keepOnly(isNeeded))
    world.noteBegun(host)
  }

  /** What we said before the restart may have reached nobody. */
  function repeat(restored: readonly Recorded[]): void {
    for (const { message, ...rest } of restored) {
      if (message.kind === 'contribution/1' || !equalBytes(message.author, key.publicKey)) continue
      testimony.note({ ...rest, message })
      world.broadcast(host, { ...rest, message })
    }
  }

  function receive(signed: Signed<Contribution | RoundMessage>): void {
    if (isUp && !ledger.isRetired) ears.hear(signed)
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
    spoken: testimony.spoken,
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
      ears.lose()
    },
    restart: () => {
      if (isUp || isEnded) return
      trace.note(index, () => 'starts again')
      isUp = true
      life++
      if (machine.habits.syncsAtStart) disk.sync()
      if (!machine.habits.keepsChain) {
        disk.chain.length = 0
        disk.head = options.head
      }
      state = newRound() // memory is gone
      if (!ledger.isRetired) begin(state)
    },
    end: () => {
      host.crash()
      isEnded = true
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
        for (const decision of theirs.slice(disk.head.round)) if (!ledger.enter(decision)) return
        return
      }
      if (ledger.isRetired || other.state.round !== state.round) return
      for (const signed of heldMessages(other.state)) if (!state.known.has(String(signed.id))) receive(signed)
    },
  }
  const transfers = createTransfers({ world, host, later, dispatch })
  const run = createEffects({ world, host, later, dispatch, voice, transfers, ledger, testimony })
  return host
}
