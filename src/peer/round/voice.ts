import type { RoundEffect, Saying } from '../../rounds/events.ts'
import { type Announce, createAnnounce } from '../announce.ts'
import type { PeerContext } from '../context.ts'
import { crashPoint } from '../crash-point.ts'
import type { OwnMessage } from '../speaker.ts'
import type { Inbox } from './inbox.ts'

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 5_000

type SayEffect = Extract<RoundEffect, { type: 'say' }>

/** Says what the machine wants said: journaled, signed, handed back to it, then sent. One after the other. */
export interface Voice {
  say(effect: SayEffect): Promise<void>
  readonly publish: Announce
}

export function createVoice(options: {
  readonly context: PeerContext
  readonly inbox: Pick<Inbox, 'note'>
  /** Nothing is said before. */
  readonly compared: Promise<void>
  /** True for what must not be said any more. */
  readonly isStale: (saying: Saying) => boolean
  readonly onSaid: (signed: OwnMessage, effect: SayEffect) => void
}): Voice {
  const { context, inbox } = options
  const { gossip, network, log } = context
  const publish = createAnnounce({ network: network.id, gossip, log })

  /** Nothing is said before it is on the disk; a full one is tried again while the round lasts. */
  async function journaled({ saying, proof }: SayEffect): Promise<OwnMessage | null> {
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(2 * retryMs, LAST_RETRY_MS)) {
      if (options.isStale(saying) || context.signal.aborted) return null
      try {
        const signed = await context.speaker.say(saying, proof)
        context.troubles.over('journal')
        return signed
      } catch (error) {
        log.error('not-said', { kind: saying.kind, error: String(error), retryMs })
        context.troubles.report('journal', error)
        inbox.note({ what: saying.kind, id: null, author: null, reason: `not journaled: ${String(error)}` })
      }
      await pause(context, retryMs)
    }
  }

  return {
    publish,
    say: async (effect) => {
      await options.compared
      const signed = await journaled(effect)
      if (signed === null) return
      options.onSaid(signed, effect)
      await publish('votes', signed.envelope)
      crashPoint('after-send', effect.saying.kind)
    },
  }
}

/** Ends early when the peer stops. */
export function pause({ clock, signal }: Pick<PeerContext, 'clock' | 'signal'>, delayMs: number): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      signal.removeEventListener('abort', end)
      cancel()
      resolve()
    }
    const cancel = clock.after(delayMs, end)
    signal.addEventListener('abort', end)
  })
}
