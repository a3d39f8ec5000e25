import type { Clock } from '../ports/system.ts'

/** The first reminder of a wait; each later one comes after twice the time. */
const FIRST_MS = 10_000
const LAST_MS = 60 * 60_000

/** Calls back again and again, at growing intervals, until it is cancelled. */
export function remind(clock: Pick<Clock, 'after'>, tell: () => void): () => void {
  let cancel = () => {}
  const after = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      tell()
      after(Math.min(2 * delayMs, LAST_MS))
    })
  }
  after(FIRST_MS)
  return () => cancel()
}
