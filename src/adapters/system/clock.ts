import type { Clock } from '../../ports/system.ts'

/** A Node timer holds at most this many milliseconds; longer ones would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

export interface SystemClockOptions {
  /** True: a waiting timer does not keep the process alive. */
  readonly unref?: boolean
}

/** The machine's clock: monotonic `now`, wall time for display, timers of any length. */
export function createSystemClock(options: SystemClockOptions = {}): Clock {
  const { unref = false } = options
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    after(delayMs, callback) {
      // NaN must not become "at once": a broken delay is a bug of the caller.
      if (Number.isNaN(delayMs)) throw new RangeError('delayMs is not a number')
      let timer: NodeJS.Timeout | undefined
      let cancelled = false
      const arm = (remainingMs: number): void => {
        const stepMs = Math.min(Math.max(0, remainingMs), MAX_TIMER_MS)
        timer = setTimeout(() => {
          if (cancelled) return
          if (remainingMs > stepMs) arm(remainingMs - stepMs)
          else callback()
        }, stepMs)
        if (unref) timer.unref()
      }
      arm(delayMs)
      return () => {
        cancelled = true
        clearTimeout(timer)
      }
    },
  }
}

export const systemClock: Clock = createSystemClock()
