import type { Clock, Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import { remind } from './reminder.ts'
import type { PeerEvent, PendingWait } from './types.ts'

/** More at once are counted by nobody: whatever they wait for has its own limit. */
const MAX_WAITS = 128

const NEVER = () => null

/** What somebody waits for. Times are of the monotonic clock. */
export interface WaitFacts {
  readonly what: string
  readonly which: string
  readonly whom?: readonly string[]
  /** When it ends by itself. */
  readonly until?: number | null
  /** When it is tried again, asked whenever somebody looks. */
  readonly next?: () => number | null
  /** Happens all the time and is short: its start is a line of debugging. */
  readonly isRoutine?: boolean
}

export interface OpenWait extends Disposable {
  /** What is known now: when it is tried again, and why the last try failed. */
  change(facts: { readonly until?: number | null; readonly next?: number | null; readonly reason?: string }): void
  /** Idempotent. */
  end(): void
}

/**
 * Whatever this peer waits for from outside: people see it in `status`, in the log when it begins, and again at growing intervals.
 * Nothing waits in silence: whoever awaits something that another machine gives begins a wait, and ends it.
 */
export interface Waits {
  /** The longest first. */
  readonly current: readonly PendingWait[]
  begin(facts: WaitFacts): OpenWait
  /** For as long as `work` runs. */
  during<T>(facts: WaitFacts, work: (wait: OpenWait) => Promise<T>): Promise<T>
}

interface Held extends Required<Omit<WaitFacts, 'isRoutine'>> {
  readonly since: number
  next: () => number | null
  until: number | null
  reason: string | null
}

export function createWaits(options: {
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
  readonly clock: Clock
  readonly log: Log
}): Waits {
  const { events, clock, log } = options
  const open = new Set<Held>()
  const toWall = (time: number) => Math.round(clock.wall() + time - clock.now())

  function statusOf({ what, which, whom, since, until, next, reason }: Held): PendingWait {
    const [untilMs, nextMs] = [until, next()].map((time) => (time === null ? null : toWall(time)))
    return { what, which, whom, sinceMs: toWall(since), untilMs: untilMs ?? null, nextMs: nextMs ?? null, reason }
  }

  function begin({ what, which, whom = [], until = null, next = NEVER, isRoutine = false }: WaitFacts): OpenWait {
    const held: Held = { what, which, whom, until, since: clock.now(), next, reason: null }
    if (open.size < MAX_WAITS) open.add(held)
    let isTold = false
    log[isRoutine ? 'debug' : 'info']('waits', { ...statusOf(held) })

    const cancel = remind(clock, () => {
      isTold = true
      const status = statusOf(held)
      log.warn('still-waiting', { ...status, elapsedMs: Math.round(clock.now() - held.since) })
      events.emit({ type: 'still-waiting', ...status })
    })

    let isOver = false
    const wait: OpenWait = {
      change: (facts) => {
        if (facts.until !== undefined) held.until = facts.until
        const at = facts.next ?? null
        held.next = () => at
        if (facts.reason !== undefined) held.reason = facts.reason
      },
      end: () => {
        if (isOver) return
        isOver = true
        cancel()
        open.delete(held)
        const over = { what, which, sinceMs: toWall(held.since) }
        log[isTold ? 'warn' : 'debug']('wait-over', { ...over, elapsedMs: Math.round(clock.now() - held.since) })
        if (isTold) events.emit({ type: 'wait-over', ...over })
      },
      [Symbol.dispose]: () => wait.end(),
    }
    return wait
  }

  return {
    get current() {
      return [...open].map(statusOf)
    },
    begin,
    during: async (facts, work) => {
      using wait = begin(facts)
      return await work(wait)
    },
  }
}
