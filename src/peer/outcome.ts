import type { CID } from 'multiformats/cid'
import { type Contribution, contribution as contributionDeclaration } from '../../protocols/contribution/messages.ts'
import { lineage as lineageDeclaration } from '../../protocols/lineage/messages.ts'
import { equalCids } from '../../protocols/wire/bytes.ts'
import { decodeCanonical, idOf } from '../../protocols/wire/codec.ts'
import { isSigned, openEnvelope, type Signed } from '../../protocols/wire/envelope.ts'
import { openBase } from '../checkpoint/base.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { meetsTerms } from '../rounds/contributors.ts'
import { isDrawnOut } from '../rounds/drawn-out.ts'
import { ROLLED_BACK } from '../rounds/left-out.ts'
import { namedByRollback } from '../rounds/rollback.ts'
import { parentOf } from '../rounds/views.ts'
import type { PeerContext } from './context.ts'
import type { RoundLoop } from './round/loop.ts'
import type { JoinEvent, JoinResult } from './types.ts'

interface OutcomeContext extends PeerContext {
  readonly loop: RoundLoop
}

export type Outcome = JoinResult['rounds'][number]

/** True while a round that may still be run takes it: of this round, or late by no more than the network allows. */
export function isTaken(
  { loop }: Pick<OutcomeContext, 'loop'>,
  { parent, round }: Pick<Contribution, 'parent' | 'round'>,
): boolean {
  return parentOf(loop.state.head, parent, round) !== null
}

/**
 * Waits for the round that settles it: whose base has the contribution, or after which it is too late. An empty round keeps
 * the weights, so it stands for the next; and where contributions may be late, it stands for so many rounds more.
 */
export async function awaitOutcome(
  context: OutcomeContext,
  firstRound: number,
  announced: Signed<Contribution>,
  signal: AbortSignal,
  emit: (event: JoinEvent) => void,
): Promise<Outcome> {
  const { loop, store, chain } = context
  let missed: Outcome | null = null
  for (let round = firstRound; ; round++) {
    await roundOver(context, round, signal)
    const entry = chain.entries[round - 1]
    if (!entry) throw new Error(`round ${round} is over but not in the chain`)
    const { lineage } = await openBase(entry.base, (cid) => store.get(cid))
    if (!lineage) throw new Error('a certified base has a lineage')
    const { inputs, excluded, amendment } = lineageDeclaration.decode(await store.get(lineage))
    const outcome = { round, base: String(entry.base), id: String(announced.id) }
    if (inputs.some((envelope) => isPayload(envelope, announced.id)))
      return { ...outcome, included: true, reason: null }
    const exclusion = excluded.find(({ envelope }) => isPayload(envelope, announced.id))
    const missing = namedByRollback(amendment) === null ? 'not listed in time by enough members' : ROLLED_BACK
    const reason = exclusion?.reason ?? (wasDrawnOut(round, inputs) ? 'lottery' : missing)
    if (exclusion || (missed === null && inputs.length > 0)) missed = { ...outcome, included: false, reason }
    // Of rounds that we only heard of together the later ones may have it.
    if (loop.state.round > round + 1) continue
    if (!isTaken(context, announced.message)) return missed ?? { ...outcome, included: false, reason }
    if (inputs.length > 0) emit({ type: 'postponed', round, id: String(announced.id), reason })
    const verdict = loop.receive('contributions', announced.envelope)
    // Its voucher may have ended with the round before.
    if (!meetsTerms(loop.state.network, loop.state.round, announced.message) && verdict.verdict !== 'accept') {
      return { ...outcome, included: false, reason: verdict.reason }
    }
  }

  function wasDrawnOut(round: number, inputs: readonly Uint8Array[]): boolean {
    const { id: network } = context.network
    const { maxContributions } = context.termsAt(round).terms.round
    const authors = inputs.flatMap((envelope) => {
      const signed = openEnvelope(envelope, [contributionDeclaration], network)
      return isSigned(signed) ? [signed.message] : []
    })
    return isDrawnOut({ network, round, maxContributions }, authors, announced.message.author)
  }
}

/** True when the envelope's payload has this id. Envelopes of a certified lineage were checked before. */
function isPayload(envelope: Uint8Array, id: CID): boolean {
  const value = decodeCanonical(envelope, envelope.length)
  const isEnvelope = typeof value === 'object' && value !== null && 'payload' in value
  return isEnvelope && value.payload instanceof Uint8Array && equalCids(idOf(value.payload), id)
}

async function roundOver(context: OutcomeContext, round: number, signal: AbortSignal): Promise<void> {
  // Subscribed only to be read: what nobody reads stays subscribed.
  if (context.loop.state.round > round) return
  const which = `the base of round ${round}, for our contribution`
  using _wait = context.waits.begin({ what: 'outcome', which, isRoutine: true })
  for await (const _ of context.events.iterate(signal)) if (context.loop.state.round > round) return
  throw new ColdmeshError('aborted', 'Joining was stopped before the round was over.')
}
