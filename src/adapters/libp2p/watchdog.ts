import { ColdmeshError } from '../../ports/errors.ts'
import type { Clock } from '../../ports/system.ts'

export interface Watchdog {
  /** Guards one wait for the peer. Silence, or less than the minimal rate, calls `bite`. */
  guard<T>(wait: () => Promise<T>): Promise<T>
  /** Tell it that the peer did something. */
  progress(): void
}

export interface WatchdogOptions {
  readonly clock: Clock
  readonly idleMs: number
  readonly minBytesPerSecond: number
  readonly graceMs: number
  /** Bytes moved so far. */
  readonly movedBytes: () => number
  readonly bite: (error: ColdmeshError) => void
}

/**
 * Watches a peer only while we wait for it: a slow consumer on our side is not the peer's fault. The rate counts from
 * the first byte of a wait, so thinking before an answer is only limited by `idleMs`.
 */
export function createWatchdog(options: WatchdogOptions): Watchdog {
  const { clock, idleMs, minBytesPerSecond, graceMs, movedBytes, bite } = options
  let rearm: () => void = () => {}
  let onFirstByte: () => void = () => {}

  return {
    progress() {
      onFirstByte()
      rearm()
    },
    async guard(wait) {
      let cancelRate = (): void => {}
      let cancelIdle = (): void => {}
      let moving = false
      const startBytes = movedBytes()
      rearm = () => {
        cancelIdle()
        cancelIdle = clock.after(idleMs, () => {
          bite(new ColdmeshError('deadline', `The peer was silent for ${idleMs} ms.`, { facts: { idleMs } }))
        })
      }
      onFirstByte = () => {
        if (moving) return
        moving = true
        const startMs = clock.now()
        const check = (): void => {
          const rate = ((movedBytes() - startBytes) * 1000) / Math.max(1, clock.now() - startMs)
          if (rate >= minBytesPerSecond) cancelRate = clock.after(graceMs, check)
          else bite(new ColdmeshError('deadline', 'The peer is too slow.', { facts: { minBytesPerSecond } }))
        }
        cancelRate = clock.after(graceMs, check)
      }
      rearm()
      try {
        return await wait()
      } finally {
        cancelIdle()
        cancelRate()
        rearm = () => {}
        onFirstByte = () => {}
      }
    },
  }
}
