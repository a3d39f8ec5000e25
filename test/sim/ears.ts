import type { Contribution } from '../../protocols/contribution/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { Host } from './host.ts'
import type { Mouth } from './liars/mouth.ts'
import { createLookout } from './lookout.ts'
import { nameOf } from './trace.ts'
import type { World } from './world.ts'

/** Messages of the next round that a daemon keeps until it is there. */
const MAX_EARLY = 512
/** Reasons for which an honest host need not notice a contradiction: it does not keep what is stale, or of another chain. */
const STALE: readonly string[] = ['past-round', 'future-round', 'far-view', 'older-list', 'wrong-parent', 'known']

type Heard = Signed<Contribution | RoundMessage>

/** What one host hears: judged as the daemon does, and handed to its machine if it is accepted. */
export interface Ears {
  hear(signed: Heard): void
  /** Another round begins. */
  forget(): void
  /** What came too early for the round before. */
  hearEarly(): void
  /** The process ends. */
  lose(): void
}

export function createEars(options: {
  readonly world: World
  readonly host: () => Host
  readonly mouth: Mouth | null
  /** Counts deaths and restarts. */
  readonly life: () => number
  readonly accept: (signed: Heard) => void
  /** The machine should have done something by now. */
  readonly onFault: (what: string) => void
}): Ears {
  const { world, host, mouth } = options
  const { machine, record, trace } = world
  let early: Heard[] = []
  let lookout = createLookout()

  function hear(signed: Heard): void {
    const { index, liar, state } = host()
    const { message } = signed
    const verdict = machine.judge(state, signed)
    const reason = verdict.verdict === 'accept' ? null : verdict.reason
    if (reason === 'future-round' && message.round === state.round + 1 && early.length < MAX_EARLY) early.push(signed)
    if (reason !== 'known') trace.note(index, () => `hears ${nameOf(signed)}${reason ? `: ${reason}` : ''}`)
    if (message.kind !== 'contribution/1') {
      const sender = liar ? null : world.hostOf(message.author)
      if (sender?.liar && !STALE.includes(reason ?? ''))
        record.heard.push({ host: index, life: options.life(), signed: { ...signed, message } })
      if (reason === null && mouth) mouth.hear(message)
    }
    if (reason !== null || (liar?.isStubborn && message.kind === 'precommit/1')) return
    const heardIn = lookout
    heardIn.note(message)
    options.accept(signed)
    if (!liar && heardIn === lookout) noteLagging()
  }

  /** f + 1 members in a later view: one of them at least is honest, and waiting for the others is in vain. */
  function noteLagging(): void {
    const { network, phase, round, self, view } = host().state
    const reached = lookout.reachedBy(network.threshold)
    if (self === null || phase === 'adopt' || reached <= view) return
    options.onFault(`stays in view ${view} of round ${round} when f + 1 members are in view ${reached}`)
  }

  return {
    hear,
    forget: () => {
      lookout = createLookout()
    },
    hearEarly: () => {
      const waiting = early
      early = []
      for (const signed of waiting) host().receive(signed)
    },
    lose: () => {
      early = []
    },
  }
}
