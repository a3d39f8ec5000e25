import type { ContentStore } from '../../ports/content-store.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import { pause } from '../round/voice.ts'
import { isStillKept, placesOf } from './places.ts'
import type { RepairingStore } from './repairing-store.ts'

export const DEFAULT_CHECK_STORE_MS = 6 * 60 * 60 * 1_000
const LOOK_MS = 10_000
/** Between two blocks, so that a check of many gigabytes is nobody's burden. */
const BREATH_MS = 10

/** Reads everything that should be here, again and again; damage is repaired from peers before somebody needs the block. */
export function startStoreCheck(
  context: PeerContext,
  options: {
    readonly store: RepairingStore
    readonly everyMs: number
    readonly synced: Promise<void>
    /** Asked every few seconds: whether something is to be repaired that need not be looked for by reading all. Also after each pass. */
    readonly look: () => Promise<boolean>
  },
): void {
  const { clock, signal, log } = context
  const { everyMs, store } = options
  if (everyMs === 0) return

  async function run(): Promise<void> {
    await options.synced
    while (!signal.aborted) {
      const found = await checkStore(context, store)
      log.info('store-checked', found)
      await options.look()
      await nextPass()
    }
  }

  async function nextPass(): Promise<void> {
    for (const end = clock.now() + everyMs; clock.now() < end && !signal.aborted; ) {
      await pause(context, Math.min(LOOK_MS, end - clock.now()))
      if (await options.look()) return
    }
  }
  void run().catch((error: unknown) => log.error('store-check-crashed', { error: String(error) }))
}

/** One pass. @returns how many blocks were read, and how many are lost */
async function checkStore(context: PeerContext, store: RepairingStore): Promise<{ blocks: number; lost: number }> {
  const { signal, log, keeping } = context
  let blocks = 0
  let lost = 0
  for await (const place of placesOf({ ...context, store })) {
    if (signal.aborted) break
    const { cid, name } = place
    try {
      await readOrRepair(store, cid, () => isStillKept(place, keeping))
      blocks++
    } catch (error) {
      if (signal.aborted) break
      lost++
      log.error('block-not-repaired', { cid, place: name, error: String(error) })
    }
    await pause(context, BREATH_MS)
  }
  return { blocks, lost }
}

async function readOrRepair(
  store: RepairingStore,
  cid: Parameters<ContentStore['get']>[0],
  isKept: () => boolean,
): Promise<void> {
  try {
    await store.get(cid)
  } catch (error) {
    if (!isColdmeshError(error, 'block-missing')) throw error
    if (isKept()) await store.repair(cid)
  }
}
