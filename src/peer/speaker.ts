import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, VOTE_MESSAGES } from '../../protocols/registry.ts'
import { inclusionList, precommit, prevote, proposal } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import {
  encodeEnvelope,
  isSigned,
  openEnvelope,
  preAuthentication,
  type Signed,
} from '../../protocols/wire/envelope.ts'
import type { Journal, Signer } from '../ports/system.ts'
import type { Saying } from '../rounds/events.ts'
import { crashPoint } from './crash-point.ts'

export type OwnMessage = Signed<Contribution | RoundMessage>

/** Signs what this peer says, journaled before anybody else sees it. */
export interface Speaker {
  /** Resolves when the message is durable here; then it may be sent. */
  say(saying: Saying): Promise<OwnMessage>
  contribute(fields: Omit<Contribution, 'kind' | 'network' | 'author'>): Promise<OwnMessage>
  /** Our messages of this round, from the journal. */
  own(round: number): readonly OwnMessage[]
  /** True for messages that this journal knows as ours. */
  isOwn(id: CID): boolean
  /** Forgets rounds before `round`: they are certified, and nothing is said about them any more. */
  forgetBefore(round: number): Promise<void>
}

export function createSpeaker(options: { network: CID; signer: Signer; journal: Journal }): Speaker {
  const { network, signer, journal } = options
  let messages = journal.records.flatMap((record) => {
    const signed = openEnvelope<Contribution | RoundMessage>(
      record,
      [...CONTRIBUTION_MESSAGES, ...VOTE_MESSAGES],
      network,
    )
    return isSigned(signed) ? [signed] : []
  })

  async function record(payload: Uint8Array, kind: string): Promise<OwnMessage> {
    const envelope = encodeEnvelope(payload, signer.sign(preAuthentication(payload)))
    const signed = openEnvelope<Contribution | RoundMessage>(
      envelope,
      [...CONTRIBUTION_MESSAGES, ...VOTE_MESSAGES],
      network,
    )
    if (!isSigned(signed)) throw new Error(`our own ${kind} is refused: ${signed.reason}`)
    crashPoint('before-journal', kind)
    await journal.append(envelope)
    crashPoint('after-journal', kind)
    messages.push(signed)
    return signed
  }

  const who = { network, author: signer.key }
  return {
    say: (saying) => record(encodeSaying({ ...saying, ...who }), saying.kind),
    contribute: (fields) => record(contribution.encode({ ...fields, ...who }), 'contribution'),
    own: (round) => messages.filter((signed) => signed.message.round === round),
    isOwn: (id) => messages.some((signed) => signed.id.equals(id)),
    forgetBefore: async (round) => {
      const kept = messages.filter((signed) => signed.message.round >= round)
      if (kept.length === messages.length) return
      messages = kept
      await journal.rewrite(kept.map((signed) => signed.envelope))
    },
  }
}

function encodeSaying(saying: Saying & { readonly network: CID; readonly author: Uint8Array }): Uint8Array {
  switch (saying.kind) {
    case 'list/1':
      return inclusionList.encode(saying)
    case 'proposal/1':
      return proposal.encode(saying)
    case 'prevote/1':
      return prevote.encode(saying)
    case 'precommit/1':
      return precommit.encode(saying)
  }
}
