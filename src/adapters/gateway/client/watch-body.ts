import { DEFAULT_ANSWER_STALL_MS, DEFAULT_SOURCE_BYTES_PER_SECOND, DEFAULT_SOURCE_WINDOW_MS } from '../limits.ts'
import type { Answer } from './exchange.ts'
import { SourceError } from './source-error.ts'

export interface BodyLimits {
  readonly stallMs: number
  readonly minBytesPerSecond: number
  readonly windowMs: number
}

export const DEFAULT_BODY_LIMITS: BodyLimits = {
  stallMs: DEFAULT_ANSWER_STALL_MS,
  minBytesPerSecond: DEFAULT_SOURCE_BYTES_PER_SECOND,
  windowMs: DEFAULT_SOURCE_WINDOW_MS,
}

/** For whoever takes bytes to say that it wants no more. */
export const ENOUGH = Symbol('enough')

/**
 * Gives a body to `take`, chunk by chunk, and ends by its end, by `ENOUGH`, by what `take` throws, or by a source that is silent or slow. While the body
 * is paused, by us, no time passes.
 * @throws SourceError, and what `take` throws
 */
export function readBody(
  answer: Answer,
  take: (chunk: Uint8Array) => typeof ENOUGH | undefined,
  options: { readonly signal: AbortSignal; readonly limits?: Partial<BodyLimits> | undefined },
): Promise<void> {
  const { signal } = options
  const { stallMs, minBytesPerSecond, windowMs } = { ...DEFAULT_BODY_LIMITS, ...options.limits }
  const tickMs = Math.min(500, stallMs / 4)
  return new Promise((resolve, reject) => {
    let silentMs = 0
    let window = { ms: 0, bytes: 0 }
    let moved = 0
    let isOver = false
    const timer = setInterval(() => {
      if (answer.isPaused) return
      silentMs = moved > 0 ? 0 : silentMs + tickMs
      window = { ms: window.ms + tickMs, bytes: window.bytes + moved }
      moved = 0
      if (silentMs >= stallMs) return finish(new SourceError('failed', 'it fell silent'))
      if (window.ms < windowMs) return
      if ((window.bytes * 1000) / window.ms < minBytesPerSecond)
        return finish(new SourceError('failed', 'it is too slow'))
      window = { ms: 0, bytes: 0 }
    }, tickMs)

    function finish(error: unknown): void {
      if (isOver) return
      isOver = true
      clearInterval(timer)
      signal.removeEventListener('abort', stop)
      answer.leave()
      if (error === null) resolve()
      else reject(error)
    }
    const stop = (): void => finish(new SourceError('failed', 'not wanted any more', { cause: signal.reason }))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    answer.read((chunk) => {
      if (isOver) return
      moved += chunk.byteLength
      try {
        if (take(chunk) === ENOUGH) finish(null)
      } catch (error) {
        finish(error)
      }
    }, finish)
  })
}
