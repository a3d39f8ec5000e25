import type { CID } from 'multiformats/cid'
import { MAX_LINEAGE_BYTES } from '../../../protocols/wire/limits.ts'
import type { RoundState } from '../../rounds/state.ts'
import { lineageWaitMs } from '../../rounds/timeouts.ts'
import type { PeerContext } from '../context.ts'
import { addressesOf, reasonOf } from './sources.ts'

const TRY_MS = 20_000
const RETRY_MS = 1_000

/** A proposal's lineage from whoever said it; null when nobody gave it in time. */
export async function fetchLineage(
  context: PeerContext,
  state: RoundState,
  { cid, from, view, signal }: { cid: CID; from: Uint8Array; view: number; signal: AbortSignal },
): Promise<Uint8Array | null> {
  const { store, log, clock, waits } = context
  const waitMs = lineageWaitMs(state, view)
  const deadline = clock.now() + waitMs
  const whom = [state.network.nameOf(from)]
  using wait = waits.begin({ what: 'lineage', which: String(cid), whom, until: deadline, isRoutine: true })
  for (;;) {
    try {
      const timeoutMs = Math.max(RETRY_MS, Math.min(Math.max(TRY_MS, waitMs / 2), deadline - clock.now()))
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
