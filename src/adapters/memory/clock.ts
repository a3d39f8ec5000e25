import type { Clock } from '../../ports/system.ts'

export interface FakeClock extends Clock {
  /**
   * Moves time on by `ms`, calling due timers in order of their time; between two timers everything already
   * promised runs. Timers set by a callback fire too, if due.
   */
  advance(ms: number): Promise<void>
  /** Timers still waiting: a test can prove that nothing was left behind. */
  readonly pending: number
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

/** A clock that stands still until told to move. */
export function fakeClock(options: { startMs?: number; wallMs?: number } = {}): FakeClock {
  const { startMs = 0, wallMs = 1_700_000_000_000 } = options
  const timers = new Set<Timer>()
  let nowMs = startMs
  let order = 0

  const nextDue = (untilMs: number): Timer | undefined => {
    let next: Timer | undefined
    for (const timer of timers) {
      if (timer.at > untilMs) continue
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer
    }
    return next
  }

  return {
    now: () => nowMs,
    wall: () => wallMs + (nowMs - startMs),
    after(delayMs, callback) {
      const timer = { at: nowMs + Math.max(0, delayMs), order: order++, callback }
      timers.add(timer)
      return () => {
        timers.delete(timer)
      }
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        timers.delete(timer)
        nowMs = Math.max(nowMs, timer.at)
        timer.callback()
        await settle()
      }
      nowMs = untilMs
    },
    get pending() {
      return timers.size
    },
  }
}

/** One turn of the event loop: promise chains of any length finish. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
