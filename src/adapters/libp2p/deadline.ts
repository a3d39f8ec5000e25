import { ColdmeshError } from '../../ports/errors.ts'
import type { Clock } from '../../ports/system.ts'

export interface Deadline extends Disposable {
  /** Aborts with a ColdmeshError: `deadline` when the time is over, `aborted` when the caller's signal says so. */
  readonly signal: AbortSignal
  /** Ends it early, for `reason`. */
  abort(reason: ColdmeshError): void
}

export interface DeadlineOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  /** What takes so long, for the message: "the answer of 12D3...". */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/** One signal for "too late" and "not wanted any more", each with its own error. */
export function createDeadline(options: DeadlineOptions): Deadline {
  const { clock, timeoutMs, what, signal } = options
  const controller = new AbortController()
  const cancel = clock.after(timeoutMs, () => {
    const message = `Waited ${timeoutMs} ms for ${what}.`
    controller.abort(new ColdmeshError('deadline', message, { facts: { timeoutMs } }))
  })
  const stop = (): void => {
    controller.abort(new ColdmeshError('aborted', `Stopped waiting for ${what}.`, { cause: signal?.reason }))
  }
  if (signal?.aborted === true) stop()
  else signal?.addEventListener('abort', stop, { once: true })
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]() {
      cancel()
      signal?.removeEventListener('abort', stop)
    },
  }
}

/** Rejects with the signal's reason as soon as it aborts, whatever `work` does; the work's late failure is dropped. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {})
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
