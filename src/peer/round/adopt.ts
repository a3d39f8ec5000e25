import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Head, RoundState } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import { type CheckedBase, checkNext, entryOf } from '../heads.ts'
import { reportTrouble } from '../troubles.ts'
import { fetchBase } from './catch-up.ts'
import { pause } from './voice.ts'

const RETRY_MS = 1_000

/** Brings the base that the round decided here, checks it, and goes on to the next round: tried until it is done, or the round is over. */
export function createAdoption(options: {
  readonly context: PeerContext
  readonly state: () => RoundState
  /** The newest base in the chain file. */
  readonly newest: () => Head
  /** The base is in the chain file. */
  readonly enter: (checked: CheckedBase) => void
}): (base: CID, certificate: Uint8Array) => Promise<void> {
  const { context, state } = options
  const { clock, log, store, chain, troubles, waits } = context
  return async (base, certificate) => {
    const which = `${base}, certified in round ${state().round}`
    using wait = waits.begin({ what: 'base', which, isRoutine: true })
    const isNext = () => state().phase === 'adopt' && options.newest().round < state().round
    let tries = 0
    while (!context.signal.aborted && isNext() && !equalCids(state().head.base, base)) {
      try {
        using _ = context.keeping.pin(base)
        await fetchBase(context, base, { tries: ++tries, signal: context.signal })
        const checked = await checkNext(state().head, store, { base, certificate })
        await chain.append(entryOf(checked))
        troubles.over('base')
        options.enter(checked)
        return
      } catch (error) {
        if (context.signal.aborted) return
        log.warn('base-not-adopted', { base, error: String(error) })
        reportTrouble(troubles, 'base', error)
        wait.change({ next: clock.now() + RETRY_MS, reason: String(error) })
        await pause(context, RETRY_MS)
        wait.change({})
      }
    }
  }
}
