import type { CID } from 'multiformats/cid'
import { MAX_LINEAGE_BYTES } from '../../../protocols/wire/limits.ts'
import type { RoundState } from '../../rounds/state.ts'
import { stepTimeoutMs } from '../../rounds/timeouts.ts'
import type { PeerContext } from '../context.ts'
import { addressesOf, reasonOf } from './sources.ts'

const TRY_MS = 20_000
const RETRY_MS = 1_000

/**
 * A proposal's lineage from whoever said it; null when nobody gave it in time: as much as leaves a view room to ask f others,
 * so that links of any slowness have it in some view, and silence of those that lie costs no more.
 */
export async function fetchLineage(
  context: PeerContext,
  state: RoundState,
  { cid, from, view, signal }: { cid: CID; from: Uint8Array; view: number; signal: AbortSignal },
): Promise<Uint8Array | null> {
  const { store, log, clock } = context
  const { members, quorum } = state.network
  const share = stepTimeoutMs(state, Math.max(0, view)) / (members.length - quorum + 1)
  const deadline = clock.now() + Math.max(stepTimeoutMs(state, 0), share)
  for (;;) {
    try {
      const timeoutMs = Math.max(RETRY_MS, Math.min(Math.max(TRY_MS, share / 2), deadline - clock.now()))
      const providers = addressesOf(context, from)
      await store.fetch(cid, { shape: 'block', maxBytes: MAX_LINEAGE_BYTES, providers, timeoutMs, signal })
      return await store.get(cid)
    } catch (error) {
      log.info('lineage-not-had', { cid, reason: reasonOf(error, context) })
    }
    if (signal.aborted || clock.now() + RETRY_MS >= deadline) return null
    await new Promise<void>((resolve) => {
      clock.after(RETRY_MS, resolve)
    })
  }
}
