import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../../ports/errors.ts'

export interface Patience extends Disposable {
  /** Aborts with a ColdmeshError that says why the fetch is over. */
  readonly signal: AbortSignal
  /** A block came: the stall begins anew. */
  progress(): void
}

export interface PatienceOptions {
  readonly root: CID
  readonly timeoutMs: number
  readonly stallMs: number
  readonly signal?: AbortSignal | undefined
}

/** A longer timer would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * How long a fetch goes on: `block-missing` when nothing comes for `stallMs`, `deadline` when it is still coming at
 * `timeoutMs`, `aborted` by the caller.
 */
export function createPatience(options: PatienceOptions): Patience {
  const { root, timeoutMs, stallMs, signal } = options
  const controller = new AbortController()
  const facts = { cid: root.toString() }
  let arrived = 0

  const missing = (waitedMs: number): ColdmeshError =>
    new ColdmeshError('block-missing', `Nobody gave a block of this content for ${waitedMs} ms.`, {
      facts: { ...facts, waitedMs, arrived },
      hint: 'Connect to a peer that has it, or try again later; what arrived is kept.',
    })
  const late = (): ColdmeshError =>
    new ColdmeshError('deadline', `The content did not arrive within ${timeoutMs} ms.`, {
      facts: { ...facts, timeoutMs, arrived },
      hint: 'Try again: what arrived is kept.',
    })
  const stop = (): void => {
    controller.abort(new ColdmeshError('aborted', 'The fetch was stopped.', { facts, cause: signal?.reason }))
  }

  const after = (ms: number, error: () => ColdmeshError): NodeJS.Timeout =>
    setTimeout(() => controller.abort(error()), Math.min(ms, MAX_TIMER_MS))
  const total = after(timeoutMs, () => (arrived === 0 ? missing(timeoutMs) : late()))
  let stall = after(stallMs, () => missing(stallMs))
  if (signal?.aborted === true) stop()
  else signal?.addEventListener('abort', stop, { once: true })

  return {
    signal: controller.signal,
    progress() {
      arrived++
      clearTimeout(stall)
      stall = after(stallMs, () => missing(stallMs))
    },
    [Symbol.dispose]() {
      clearTimeout(total)
      clearTimeout(stall)
      signal?.removeEventListener('abort', stop)
    },
  }
}
