import type { CID } from 'multiformats/cid'
import { UNAVAILABLE } from '../../rounds/collect.ts'
import type { RoundState, SignedContribution } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import { createCheckpointTry } from './fetch-checkpoint.ts'
import { fetchLineage } from './fetch-lineage.ts'
import { createFetchSlots } from './fetch-slots.ts'
import { retryAfterMs } from './patience.ts'
import { reasonOf } from './sources.ts'

const MAX_PARALLEL = 4

/** Brings a round's bytes here: checkpoints, validated, and lineages. */
export interface Fetches {
  /**
   * Calls back with null when the bytes are here and valid, else with the reason; tries again what was unavailable, and
   * then calls back again. Asking again for the same contribution adds a member to get it from.
   */
  checkpoint(contribution: SignedContribution, from: Uint8Array | null, done: (reason: string | null) => void): void
  /** Calls back once, with null when nobody gave it within a part of the view's time. */
  lineage(cid: CID, from: Uint8Array, view: number, done: (bytes: Uint8Array | null) => void): void
}

interface Pursuit {
  readonly listers: Uint8Array[]
  tries: number
  isRunning: boolean
  cancelRetry: () => void
}

/** @param signal aborts when the round is over */
export function createFetches(context: PeerContext, state: RoundState, signal: AbortSignal): Fetches {
  const { log, clock } = context
  const tryCheckpoint = createCheckpointTry(context, state, signal)
  const pursuits = new Map<string, Pursuit>()
  const withSlot = createFetchSlots(MAX_PARALLEL)

  signal.addEventListener('abort', () => {
    for (const { cancelRetry } of pursuits.values()) cancelRetry()
  })

  async function pursue(
    contribution: SignedContribution,
    pursuit: Pursuit,
    done: (reason: string | null) => void,
  ): Promise<void> {
    if (pursuit.isRunning || signal.aborted) return
    pursuit.isRunning = true
    pursuit.cancelRetry()
    pursuit.tries++
    const reason = await withSlot(pursuit.tries, async () => {
      return signal.aborted ? UNAVAILABLE : await tryCheckpoint(contribution, pursuit)
    }).catch((error: unknown) => reasonOf(error, context))
    pursuit.isRunning = false
    if (signal.aborted) return
    if (reason === null) context.troubles.over('blocks')
    else log.info('checkpoint-not-held', { id: contribution.id, reason, tries: pursuit.tries })
    done(reason)
    if (reason !== UNAVAILABLE) return
    const { tries, listers } = pursuit
    const delayMs = retryAfterMs({ tries, isListed: listers.length > 0 })
    pursuit.cancelRetry = clock.after(delayMs, () => void pursue(contribution, pursuit, done))
  }

  return {
    checkpoint: (contribution, from, done) => {
      const id = String(contribution.id)
      const pursuit = pursuits.get(id) ?? { listers: [], tries: 0, isRunning: false, cancelRetry: () => {} }
      pursuits.set(id, pursuit)
      if (from) pursuit.listers.unshift(from)
      void pursue(contribution, pursuit, done)
    },
    lineage: (cid, from, view, done) => {
      void fetchLineage(context, state, { cid, from, view, signal }).then((bytes) => {
        if (!signal.aborted) done(bytes)
      })
    },
  }
}
