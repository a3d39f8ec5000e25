import { type GossipSub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Verdict } from '../../../protocols/wire/verdict.ts'
import type { Gossip, GossipMessage } from '../../ports/gossip.ts'
import type { Log } from '../../ports/system.ts'
import type { GossipPace } from './gossip-pace.ts'
import { DEFAULT_MAX_MESSAGE_BYTES } from './limits.ts'

type Judge = (message: GossipMessage) => Verdict | Promise<Verdict>

export interface GossipAdapter extends Gossip {
  /** Subscribes what was asked for before the node ran. */
  start(): void
}

export interface GossipOptions {
  readonly gossipsub: GossipSub
  readonly topics: readonly string[]
  /** The longest message of a topic; of one that is not named, as many bytes as any may have. */
  readonly topicBytes: ReadonlyMap<string, number>
  readonly pace: Pick<GossipPace, 'judged'>
  readonly log: Log
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const

/** Our judges as gossipsub validators. No rule of the protocol lives here, only size. */
export function createGossip(options: GossipOptions): GossipAdapter {
  const { gossipsub, pace, log } = options
  const topics = new Set(options.topics)
  const maxBytesOf = (topic: string) =>
    Math.min(options.topicBytes.get(topic) ?? DEFAULT_MAX_MESSAGE_BYTES, DEFAULT_MAX_MESSAGE_BYTES)
  const judges = new Map<string, Judge>()
  let started = false

  const validate = async (topic: string, from: string, bytes: Uint8Array): Promise<TopicValidatorResult> => {
    if (bytes.byteLength > maxBytesOf(topic)) return TopicValidatorResult.Reject
    const judge = judges.get(topic)
    if (judge === undefined) return TopicValidatorResult.Ignore
    pace.judged(from)
    try {
      const verdict = await judge({ bytes, from })
      if (verdict.verdict !== 'accept') {
        log.debug('gossip-not-accepted', { topic, from, verdict: verdict.verdict, reason: verdict.reason })
      }
      return RESULTS[verdict.verdict]
    } catch (error) {
      // Our bug, not the peer's: it must not be punished.
      log.error('gossip-judge-failed', { topic, from, error })
      return TopicValidatorResult.Ignore
    }
  }

  // A topic nobody judges is never relayed.
  for (const topic of topics) {
    gossipsub.topicValidators.set(topic, (peer, message) => validate(topic, peer.toString(), message.data))
  }

  return {
    start() {
      started = true
      for (const topic of judges.keys()) gossipsub.subscribe(topic)
    },
    async publish(topic, message) {
      if (!topics.has(topic)) throw new RangeError(`not a topic of this node: ${topic}`)
      const maxBytes = maxBytesOf(topic)
      if (message.byteLength > maxBytes) {
        throw new RangeError(`a message has at most ${maxBytes} bytes here, not ${message.byteLength}`)
      }
      if (!started) return { recipients: 0 }
      const { recipients } = await gossipsub.publish(topic, message)
      return { recipients: recipients.length }
    },
    subscribe(topic, judge) {
      if (!topics.has(topic)) throw new RangeError(`not a topic of this node: ${topic}`)
      if (judges.has(topic)) throw new Error(`topic ${topic} has a judge already`)
      judges.set(topic, judge)
      if (started) gossipsub.subscribe(topic)
      return () => {
        if (judges.get(topic) !== judge) return
        judges.delete(topic)
        if (started) gossipsub.unsubscribe(topic)
      }
    },
  }
}
