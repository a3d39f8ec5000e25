import type { CID } from 'multiformats/cid'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import type { Signed } from '../../../protocols/wire/envelope.ts'
import type { Saying } from '../../../src/rounds/events.ts'
import { buildFake, type FakeBase } from '../../support/rounds/fusion.ts'
import { signSaying } from '../../support/rounds/speech.ts'
import type { Host } from '../host.ts'
import { nameOf } from '../trace.ts'
import type { World } from '../world.ts'
import type { Liar, LiarTools, Utterance } from './liar.ts'

/** How a liar gets its words out. */
export interface Mouth {
  speak(saying: Saying): void
  hear(message: RoundMessage): void
}

export function createMouth(options: {
  readonly world: World
  readonly host: () => Host
  readonly liar: Liar
  readonly keep: (built: FakeBase) => FakeBase
  readonly noteSpoken: (signed: Signed<RoundMessage>) => void
}): Mouth {
  const { world, host, liar } = options
  /** What is signed for this network counts as said: a lineage may quote it. */
  const sign = (saying: Saying, network: CID = world.facts.id) => {
    const signed = signSaying(saying, host().key, network)
    if (network === world.facts.id) options.noteSpoken(signed)
    return signed
  }
  const indexes = (keep: (other: Host) => boolean) =>
    world.hosts.filter((other) => other !== host() && keep(other)).map(({ index }) => index)

  const tools: LiarTools = {
    get state() {
      return host().state
    },
    get index() {
      return host().index
    },
    get spoken() {
      return host().spoken
    },
    random: world.random,
    notes: new Set(),
    others: () => indexes(() => true),
    accomplices: () => indexes((other) => other.liar !== null),
    baseOf: (base) => host().disk.bases.get(String(base)) ?? null,
    build: (spec) => options.keep(buildFake(host().state.network, spec)),
    sign,
    contributions: () => [...world.contributions.values()].map(({ signed }) => signed),
  }

  function utter(utterances: readonly Utterance[]): void {
    for (const utterance of utterances) {
      const whom = utterance.to ? ` to ${utterance.to.join(' ') || 'nobody'}` : ''
      if ('bytes' in utterance) {
        world.trace.note(host().index, () => `(${liar.name}) sends bytes${whom}`)
        world.broadcastBytes(host(), utterance.bytes, utterance.to)
        continue
      }
      const signed = sign(utterance.saying)
      world.trace.note(host().index, () => `(${liar.name}) says ${nameOf(signed)}${whom}`)
      world.broadcast(host(), signed, utterance.to)
    }
  }

  return {
    speak: (saying) => utter(liar.speak(saying, tools)),
    hear: (message) => {
      if (liar.hear) utter(liar.hear(message, tools))
    },
  }
}
