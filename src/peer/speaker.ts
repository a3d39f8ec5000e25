import type { CID } from 'multiformats/cid'
import { type Contribution, contribution } from '../../protocols/contribution/messages.ts'
import { CONTRIBUTION_MESSAGES, VOTE_MESSAGES } from '../../protocols/registry.ts'
import { inclusionList, precommit, prevote, proposal } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalBytes, equalCids } from '../../protocols/wire/bytes.ts'
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

type Recorded = Signed<Contribution | RoundMessage>

/** Signs what this peer says, journaled before anybody else sees it. */
export interface Speaker {
  /** Resolves when the message is durable here, and `proof` before it; then it may be sent. */
  say(saying: Saying, proof: readonly Recorded[]): Promise<OwnMessage>
  contribute(fields: Omit<Contribution, 'kind' | 'network' | 'author'>): Promise<OwnMessage>
  /** Everything in the journal: what we said, and the proofs with it, in the order in which it was written. */
  readonly recorded: readonly Recorded[]
  /** True for messages that we said ourselves. */
  isOwn(message: Recorded): boolean
  /** The newest round that we spoke of as a member; 0 for none. */
  readonly spokenUpTo: number
  /** True for what we said of that round: what shows that the journal is no older than the chain. */
  isNewest(message: Recorded): boolean
  /** Forgets the rest: its rounds are certified, and nothing is said about them any more. */
  keepOnly(isNeeded: (message: Recorded) => boolean): Promise<void>
}

export function createSpeaker(options: { network: CID; signer: Signer; journal: Journal }): Speaker {
  const { network, signer, journal } = options
  const declarations = [...CONTRIBUTION_MESSAGES, ...VOTE_MESSAGES]
  const open = (envelope: Uint8Array) => openEnvelope<Contribution | RoundMessage>(envelope, declarations, network)
  let recorded = journal.records.flatMap((record) => {
    const signed = open(record)
    return isSigned(signed) ? [signed] : []
  })
  const has = ({ id }: Recorded) => recorded.some((other) => equalCids(other.id, id))

  const isOwn = (message: Recorded) => equalBytes(message.message.author, signer.key) && has(message)
  const isVote = ({ message }: Recorded) => message.kind !== 'contribution/1' && equalBytes(message.author, signer.key)
  const spokenUpTo = () =>
    recorded.reduce((newest, signed) => (isVote(signed) ? Math.max(newest, signed.message.round) : newest), 0)

  async function record(payload: Uint8Array, kind: string, proof: readonly Recorded[]): Promise<OwnMessage> {
    const signed = open(encodeEnvelope(payload, signer.sign(preAuthentication(payload))))
    if (!isSigned(signed)) throw new Error(`our own ${kind} is refused: ${signed.reason}`)
    crashPoint('before-journal', kind)
    for (const message of [...proof, signed]) {
      if (has(message)) continue
      await journal.append(message.envelope)
      recorded.push(message)
    }
    crashPoint('after-journal', kind)
    return signed
  }

  const who = { network, author: signer.key }
  return {
    say: (saying, proof) => record(encodeSaying({ ...saying, ...who }), saying.kind, proof),
    contribute: (fields) => record(contribution.encode({ ...fields, ...who }), 'contribution', []),
    get recorded() {
      return recorded
    },
    isOwn,
    get spokenUpTo() {
      return spokenUpTo()
    },
    isNewest: (signed) => isVote(signed) && signed.message.round === spokenUpTo(),
    keepOnly: async (isNeeded) => {
      const kept = recorded.filter(isNeeded)
      if (kept.length === recorded.length) return
      recorded = kept
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
