import type { GossipSub } from '@libp2p/gossipsub'
import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../ports/system.ts'
import { createFrameReader } from './frames.ts'
import {
  DEFAULT_GOSSIP_BURST,
  DEFAULT_GOSSIP_PER_SECOND,
  DEFAULT_GOSSIP_READ_AHEAD_BYTES,
  DEFAULT_MAX_GOSSIP_FRAME_BYTES,
} from './limits.ts'
import { createTokenBuckets } from './token-bucket.ts'

/** What reading costs of a neighbour's tokens: a message costs one more when it is new and has to be judged. */
const TOKENS_PER_MESSAGE = 0.25
const TOKENS_PER_BYTE = 1 / 8192
/** Messages of one neighbour before everything else that waits has its turn. */
const MESSAGES_A_TURN = 8

export interface GossipPace {
  /** This neighbour's message is new, and judged now. */
  judged(peer: string): void
  /** Lets go of what waits. */
  stop(): void
}

/**
 * Reads each neighbour's gossip no faster than its tokens allow. What is not read stays with whoever sent it: nothing is
 * remembered of it, nothing is lost, and nobody is punished for relaying a flood. The library itself reads as fast as bytes
 * come, remembers the id of every message for two minutes, and handles a frame of thousands in one go.
 */
export function paceGossip(gossipsub: GossipSub, clock: Clock): GossipPace {
  const tokens = createTokenBuckets({
    perSecond: DEFAULT_GOSSIP_PER_SECOND,
    burst: DEFAULT_GOSSIP_BURST,
    now: clock.now,
  })
  const waiting = new Set<() => void>()
  let stopped = false

  /** Resolves in a later turn of the event loop, when this neighbour owes nothing. */
  async function turn(peer: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const debtMs = tokens.debtMs(peer)
    if (debtMs === 0 || stopped) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        waiting.delete(go)
        cancel()
        resolve()
      }
      const cancel = clock.after(debtMs, go)
      waiting.add(go)
    })
  }

  async function* frames(peer: string, stream: Stream): AsyncGenerator<Uint8Array> {
    const reader = createFrameReader(stream, {
      maxFrameBytes: DEFAULT_MAX_GOSSIP_FRAME_BYTES,
      readAheadBytes: DEFAULT_GOSSIP_READ_AHEAD_BYTES,
    })
    for (let sinceTurn = 0; ; sinceTurn++) {
      const frame = await reader.next()
      if (frame === null) return
      tokens.spend(peer, frame.byteLength * TOKENS_PER_BYTE)
      yield frame
      if (sinceTurn < MESSAGES_A_TURN && tokens.debtMs(peer) === 0) continue
      sinceTurn = 0
      await turn(peer)
    }
  }

  let opening: Stream | undefined
  replace(gossipsub, 'createInboundStream', (original, [peer, stream]) => {
    opening = isStream(stream) ? stream : undefined
    return original(peer, stream)
  })
  replace(gossipsub, 'pipePeerReadStream', (original, [peer, source]) => {
    return original(peer, opening === undefined ? source : frames(String(peer), opening))
  })
  replace(gossipsub, 'handleReceivedRpc', async (original, [from, rpc]) => {
    const messages = messagesOf(rpc)
    const peer = String(from)
    tokens.spend(peer, messages.length * TOKENS_PER_MESSAGE)
    await original(from, { ...Object(rpc), messages: messages.slice(0, MESSAGES_A_TURN) })
    for (let next = MESSAGES_A_TURN; next < messages.length; next += MESSAGES_A_TURN) {
      await turn(peer)
      await original(from, { subscriptions: [], messages: messages.slice(next, next + MESSAGES_A_TURN) })
    }
  })

  return {
    judged: (peer) => tokens.spend(peer, 1),
    stop: () => {
      stopped = true
      for (const go of [...waiting]) go()
    },
  }
}

type Replacement = (original: (...args: readonly unknown[]) => unknown, args: readonly unknown[]) => unknown

function replace(gossipsub: GossipSub, name: string, by: Replacement): void {
  const original: unknown = Reflect.get(gossipsub, name)
  if (typeof original !== 'function') throw new TypeError(`gossipsub has no ${name}: check its new version`)
  const call = (...args: readonly unknown[]): unknown => Reflect.apply(original, gossipsub, args)
  Reflect.set(gossipsub, name, (...args: readonly unknown[]) => by(call, args))
}

function isStream(value: unknown): value is Stream {
  return typeof value === 'object' && value !== null && 'readStatus' in value && 'addEventListener' in value
}

function messagesOf(rpc: unknown): readonly unknown[] {
  const messages: unknown = Reflect.get(Object(rpc), 'messages')
  return Array.isArray(messages) ? messages : []
}
