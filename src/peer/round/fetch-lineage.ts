import type { CID } from 'multiformats/cid'
import { MAX_LINEAGE_BYTES } from '../../../protocols/wire/limits.ts'
import type { RoundState } from '../../rounds/state.ts'
import { stepTimeoutMs } from '../../rounds/timeouts.ts'
import type { PeerContext } from '../context.ts'
import { addressesOf, reasonOf } from './sources.ts'

const TRY_MS = 20_000
const RETRY_MS = 1_000

/** A proposal's lineage from whoever said it; null when nobody gave it within the time of a step. */
export async function fetchLineage(
  context: PeerContext,
  state: RoundState,
  { cid, from, signal }: { readonly cid: CID; readonly from: Uint8Array; readonly signal: AbortSignal },
): Promise<Uint8Array | null> {
  const { store, log, clock, waits } = context
  const deadline = clock.now() + stepTimeoutMs(state, 0)
  const whom = [state.network.nameOf(from)]
  using wait = waits.begin({ what: 'lineage', which: String(cid), whom, until: deadline, isRoutine: true })
  for (;;) {
    try {
      const timeoutMs = Math.max(RETRY_MS, Math.min(TRY_MS, deadline - clock.now()))
      const providers = addressesOf(context, from)
      await store.fetch(cid, { shape: 'block', maxBytes: MAX_LINEAGE_BYTES, providers, timeoutMs, signal })
      return await store.get(cid)
    } catch (error) {
      const reason = reasonOf(error, context)
      log.info('lineage-not-had', { cid, reason })
      wait.change({ next: clock.now() + RETRY_MS, reason })
    }
    if (signal.aborted || clock.now() + RETRY_MS >= deadline) return null
    await new Promise<void>((resolve) => {
      clock.after(RETRY_MS, resolve)
    })
  }
}
