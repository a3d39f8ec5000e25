import type { CID } from 'multiformats/cid'
import { parseCid } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Clock, Log } from '../../ports/system.ts'
import type { Emitter } from '../emitter.ts'
import type { Troubles } from '../troubles.ts'
import type { PeerEvent } from '../types.ts'
import type { Waits } from '../waits.ts'

const MAX_BLOCK_BYTES = 2 * 1_048_576
const FETCH_MS = 8_000
/** So long nobody is asked again for a block that nobody gave. */
const PAUSE_MS = 30_000

/** A store whose damaged blocks come back from peers, or are named as lost. */
export interface RepairingStore extends ContentStore {
  /**
   * Brings a block here that should be here.
   * @throws ColdmeshError `block-corrupt` when nobody gives it: facts.cid, and in the message of which round and file it is
   */
  repair(cid: CID): Promise<Uint8Array>
  /** Of what is kept no longer nothing is lost any more. */
  forgetDropped(): Promise<void>
}

export function createRepairingStore(options: {
  readonly store: ContentStore
  readonly troubles: Troubles
  readonly waits: Waits
  readonly events: Emitter<PeerEvent>
  readonly clock: Clock
  readonly log: Log
  /** Of which round and file a block is, in words; null for what is kept for none. */
  readonly placeOf: (cid: CID) => Promise<string | null>
}): RepairingStore {
  const { store, troubles, waits, events, clock, log } = options
  const running = new Map<string, Promise<Uint8Array>>()
  const lost = new Map<string, { error: ColdmeshError; again: number }>()

  async function bring(cid: CID): Promise<Uint8Array> {
    const known = lost.get(String(cid))
    if (known && clock.now() < known.again) throw known.error
    const place = (await options.placeOf(cid)) ?? 'no base of this chain'
    try {
      // What is here and rotten is deleted, and asked of everybody connected.
      const until = clock.now() + FETCH_MS
      await waits.during({ what: 'block', which: `${cid} of ${place}`, until }, () =>
        store.fetch(cid, { shape: 'block', maxBytes: MAX_BLOCK_BYTES, timeoutMs: FETCH_MS }),
      )
      const block = await store.get(cid)
      lost.delete(String(cid))
      troubles.over(`block ${cid}`)
      log.warn('block-repaired', { cid, place })
      events.emit({ type: 'repaired', cid: String(cid), place })
      return block
    } catch (cause) {
      if (isColdmeshError(cause, 'refused') || isColdmeshError(cause, 'aborted')) throw cause
      const error = new ColdmeshError('block-corrupt', `Block ${cid} of ${place} is lost here, and no peer gives it.`, {
        facts: { cid: String(cid), place },
        hint: 'Connect to a peer that keeps this round (--peer ADDRESS): it is then fetched by itself. Or restore the blocks folder from a backup.',
        cause,
      })
      lost.set(String(cid), { error, again: clock.now() + PAUSE_MS })
      troubles.report(`block ${cid}`, error)
      throw error
    }
  }

  function repair(cid: CID): Promise<Uint8Array> {
    const key = String(cid)
    const repairing = running.get(key) ?? bring(cid).finally(() => running.delete(key))
    running.set(key, repairing)
    return repairing
  }

  return {
    ...store,
    repair,
    forgetDropped: async () => {
      for (const key of lost.keys()) {
        const cid = parseCid(key)
        if (cid === null || (await options.placeOf(cid)) !== null) continue
        lost.delete(key)
        troubles.over(`block ${cid}`)
      }
    },
    get: async (cid) => {
      try {
        return await store.get(cid)
      } catch (error) {
        // The first failed repair took the rotten bytes away: the block is known to be lost, not just not here.
        if (!isColdmeshError(error, 'block-corrupt') && !lost.has(String(cid))) throw error
        return await repair(cid)
      }
    },
  }
}
