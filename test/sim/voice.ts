import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { RoundEffect, Saying } from '../../src/rounds/events.ts'
import { signSaying } from '../support/rounds/speech.ts'
import type { Recorded } from './disk.ts'
import { CRASH_STAGES, type CrashPlan, type CrashStage, type Host } from './host.ts'
import type { World } from './world.ts'

type SayEffect = Extract<RoundEffect, { type: 'say' }>

/** Says one thing after the other, each in the daemon's order: proof to the disk, message to the disk, then out. */
export interface Voice {
  /** Things said so far. */
  readonly steps: number
  say(effect: SayEffect): void
  /** The host dies: what was being written is left as far as it got. */
  stop(): void
}

export function createVoice(options: {
  readonly world: World
  readonly host: () => Host
  readonly later: (delayMs: number, action: () => void) => void
  readonly isStale: (saying: Saying) => boolean
  readonly die: (plan: CrashPlan) => void
  readonly noteSigned: (signed: Signed<RoundMessage>) => void
  readonly onSaid: (signed: Signed<RoundMessage>, effect: SayEffect) => void
}): Voice {
  const { world, host, later } = options
  const { agenda, machine } = world
  let queue: SayEffect[] = []
  let steps = 0
  /** What is being written, and since when. */
  let writing: { readonly records: readonly Recorded[]; readonly sinceMs: number } | null = null
  let isBusy = false

  function next(): void {
    const effect = queue.shift()
    isBusy = effect !== undefined
    if (!effect) return
    if (options.isStale(effect.saying)) {
      next()
      return
    }
    const { key, disk, state, pace, crashPlan } = host()
    const signed = signSaying(effect.saying, key, state.network.id)
    const plan = crashPlan?.step === steps ? crashPlan : null
    steps++
    const records = machine.habits.journalsBeforeSaying
      ? [...effect.proof, signed].filter((record) => !disk.has(record))
      : []
    const perRecordMs = pace.writeMs + pace.fsyncMs
    // Peace takes plans away, also of what is being said.
    const isDying = () => plan !== null && host().crashPlan === plan
    if (plan === null || plan.stage === 'said') writing = { records, sinceMs: agenda.now }
    if (!machine.habits.syncsBeforeSaying) out(signed)
    later(records.length * perRecordMs, () => {
      if (plan && plan.stage !== 'said' && isDying()) {
        dieAt(plan, plan.stage, records, signed)
        return
      }
      writing = null
      commit(records)
      if (machine.habits.syncsBeforeSaying) options.noteSigned(signed)
      options.onSaid(signed, effect)
      if (plan && isDying()) options.die(plan)
      else if (host().isUp) next()
    })
  }

  /** Out before it is durable: what no daemon may do. */
  function out(signed: Signed<RoundMessage>): void {
    options.noteSigned(signed)
    world.broadcast(host(), signed)
  }

  function commit(records: readonly Recorded[]): void {
    const { disk } = host()
    for (const record of records) disk.write(record)
    disk.sync()
  }

  function dieAt(plan: CrashPlan, stage: CrashStage, records: readonly Recorded[], signed: Signed<RoundMessage>): void {
    const reached = CRASH_STAGES.indexOf(stage)
    if (reached >= CRASH_STAGES.indexOf('proof-written')) commit(records.filter((record) => record !== signed))
    if (reached >= CRASH_STAGES.indexOf('written') && records.includes(signed)) host().disk.write(signed)
    if (reached >= CRASH_STAGES.indexOf('after-journal')) host().disk.sync()
    options.die(plan)
  }

  /** As many records as there was time for; the next may be written and not yet durable. */
  function leave(): void {
    if (!writing) return
    const { disk, pace } = host()
    const elapsedMs = agenda.now - writing.sinceMs
    const done = Math.floor(elapsedMs / (pace.writeMs + pace.fsyncMs))
    commit(writing.records.slice(0, done))
    const torn = writing.records[done]
    if (torn && elapsedMs - done * (pace.writeMs + pace.fsyncMs) >= pace.writeMs) disk.write(torn)
    writing = null
  }

  return {
    get steps() {
      return steps
    },
    say: (effect) => {
      queue.push(effect)
      if (!isBusy) next()
    },
    stop: () => {
      leave()
      queue = []
      isBusy = false
    },
  }
}
