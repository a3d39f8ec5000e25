import type { PeerContext } from './context.ts'
import { pause } from './round/voice.ts'
import { isOwnTrouble } from './troubles.ts'

const RETRY_MS = 1_000

/** Hours of work are not thrown away for a full disk: what it refuses is tried again while the round lasts. */
export async function untilStored<T>(
  context: PeerContext,
  what: string,
  signal: AbortSignal,
  store: () => Promise<T>,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted()
    try {
      const stored = await store()
      context.troubles.over(what)
      return stored
    } catch (error) {
      if (!isOwnTrouble(error)) throw error
      context.troubles.report(what, error)
      await pause(context, RETRY_MS)
    }
  }
}
