import type { Contribution } from '../../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, VOTE_MESSAGES } from '../../../protocols/registry.ts'
import type { RoundMessage } from '../../../protocols/round/rules.ts'
import { equalBytes, toHex } from '../../../protocols/wire/bytes.ts'
import { isSigned, openEnvelope, type Signed } from '../../../protocols/wire/envelope.ts'
import { ignore, type Verdict } from '../../../protocols/wire/verdict.ts'
import type { RoundState } from '../../rounds/state.ts'
import { judge } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import { needsNewerVersion, readUnknownMessage } from '../newer-version.ts'

export type InboxTopic = 'contributions' | 'votes'

/** Messages of the next round that are kept until we reach it. */
const MAX_EARLY = 512
const MAX_REFUSED = 32
/** Of contributions: ignored, which costs nobody anything, but somebody will ask why. */
const TOLD: readonly string[] = ['past-round', 'author-limit', 'not-a-contributor', 'no-voucher']
const isTold = (reason: string) => TOLD.includes(reason) || reason.startsWith('voucher-')

export interface Refusal {
  readonly what: string
  readonly id: string | null
  readonly author: string | null
  readonly reason: string
}

/** Opens and judges what peers send; hands on what the round accepts. */
export interface Inbox {
  receive(topic: InboxTopic, envelope: Uint8Array): Verdict
  /** Messages that came too early, once their round is there. */
  takeEarly(): readonly { readonly topic: InboxTopic; readonly envelope: Uint8Array }[]
  /** Refused lately, newest last. */
  readonly refused: readonly Refusal[]
  note(refusal: Refusal): void
}

export function createInbox(options: {
  readonly context: Pick<PeerContext, 'network' | 'key' | 'log' | 'events' | 'troubles'> & {
    readonly speaker: Pick<PeerContext['speaker'], 'isOwn'>
  }
  readonly state: () => RoundState
  readonly accept: (signed: Signed<Contribution | RoundMessage>) => void
  /** Somebody else signs with our key. */
  readonly onImpostor: () => void
}): Inbox {
  const { context, state } = options
  let early: { topic: InboxTopic; envelope: Uint8Array }[] = []
  const refused: Refusal[] = []

  function note(refusal: Refusal): void {
    // Neighbours say things more than once.
    if (refusal.id !== null && refused.some(({ id, reason }) => id === refusal.id && reason === refusal.reason)) return
    refused.push(refusal)
    if (refused.length > MAX_REFUSED) refused.shift()
    context.log.warn('refused', { ...refusal })
    context.events.emit({ type: 'refused', ...refusal })
  }

  /** Another version may be at work: who signs it is a member, and this one has nothing to say about it. */
  function tellOfUnknown(envelope: Uint8Array): string | null {
    const { isMember, nameOf } = state().network
    const unknown = readUnknownMessage(envelope, context.network.id, isMember)
    if (unknown === null) return null
    const { kind, author } = unknown
    context.troubles.report('version', needsNewerVersion(`What ${nameOf(author)} says`, `it is of the kind ${kind}`))
    return toHex(author)
  }

  /** Signed with our key, and not by us: another machine has a copy of it. */
  function isByCopy(signed: Signed<Contribution | RoundMessage>): boolean {
    return equalBytes(signed.message.author, context.key) && !context.speaker.isOwn(signed)
  }

  return {
    refused,
    note,
    takeEarly: () => {
      const taken = early
      early = []
      return taken
    },
    receive: (topic, envelope) => {
      const declarations = topic === 'contributions' ? CONTRIBUTION_MESSAGES : VOTE_MESSAGES
      const signed = openEnvelope<Contribution | RoundMessage>(envelope, declarations, context.network.id)
      if (!isSigned(signed)) {
        const unknown = signed.reason === 'unknown-kind' ? tellOfUnknown(envelope) : null
        note({ what: topic, id: null, author: unknown, reason: signed.reason })
        return signed
      }
      const { kind, author } = signed.message
      const isCopy = isByCopy(signed)
      if (isCopy && kind !== 'contribution/1') {
        if (signed.message.round >= state().round) options.onImpostor()
        return ignore('own-key')
      }
      const verdict = judge(state(), signed)
      if (verdict.verdict === 'accept') options.accept(signed)
      const isAsked = verdict.verdict === 'ignore' && kind === 'contribution/1' && isTold(verdict.reason)
      if (verdict.verdict === 'reject' || isAsked) {
        note({ what: kind, id: String(signed.id), author: toHex(author), reason: verdict.reason })
      } else if (isCopy && verdict.verdict === 'accept') {
        // It counts as the key's own, which does no harm; but its owner should know.
        note({ what: kind, id: String(signed.id), author: toHex(author), reason: 'own-key' })
      }
      if (
        verdict.verdict === 'ignore' &&
        verdict.reason === 'future-round' &&
        signed.message.round === state().round + 1
      ) {
        if (early.length < MAX_EARLY) early.push({ topic, envelope })
      }
      return verdict
    },
  }
}
