import { isColdmeshError } from '../ports/errors.ts'
import type { Clock, Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import type { PeerEvent, Trouble } from './types.ts'

/** What this machine refuses or has lost, for as long as it lasts: people see it in `status`, and as it begins and ends. */
export interface Troubles {
  readonly current: readonly Trouble[]
  /** @param what `journal`, `blocks`, `base`, `fusion`, `checkpoint`, `split`, `head`, `snapshot`, `gate`, `sweep`, `version`, `weights PATH` or `block CID` */
  report(what: string, error: unknown): void
  /** It works again. */
  over(what: string): void
}

const MAX_TROUBLES = 64

export function createTroubles(options: {
  readonly events: Emitter<PeerEvent>
  readonly clock: Clock
  readonly log: Log
}): Troubles {
  const { events, clock, log } = options
  const current = new Map<string, Trouble>()
  return {
    get current() {
      return [...current.values()]
    },
    report: (what, error) => {
      const reason = error instanceof Error ? error.message : String(error)
      const hint = isColdmeshError(error) ? (error.hint ?? null) : null
      const known = current.get(what)
      if (known?.reason === reason || (!known && current.size >= MAX_TROUBLES)) return
      current.set(what, { what, reason, hint, sinceMs: known?.sinceMs ?? clock.wall() })
      log.error('trouble', { what, reason })
      events.emit({ type: 'trouble', what, reason, hint })
    },
    over: (what) => {
      if (!current.delete(what)) return
      log.info('trouble-over', { what })
      events.emit({ type: 'trouble-over', what })
    },
  }
}

/** True for what this machine did to itself: its disk refuses, or its bytes are damaged. No peer is to blame for it. */
export function isOwnTrouble(error: unknown): boolean {
  return isColdmeshError(error, 'refused') || isColdmeshError(error, 'block-corrupt')
}

/** Tells of what this machine did to itself, as `what`, and of what is beyond this version; of what peers do wrong nothing. */
export function reportTrouble(troubles: Pick<Troubles, 'report'>, what: string, error: unknown): void {
  if (isOwnTrouble(error)) troubles.report(what, error)
  if (isColdmeshError(error, 'unsupported')) troubles.report('version', error)
}
