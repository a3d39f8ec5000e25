import { EXIT } from './exit-codes.ts'
import { CliError } from './failure.ts'

/** npm and a terminal both deliver one Ctrl-C: two signals closer than this are one. */
const SAME_SIGNAL_MS = 500
export const DEFAULT_MAX_STOP_MS = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface Interrupt {
  readonly signal: AbortSignal
  /** Stops listening. */
  release(): void
}

/** The first signal asks to stop; a second one, or ten seconds, ends the process. */
export function listenForInterrupt(
  onFirst: (signal: string) => void,
  { maxStopMs = DEFAULT_MAX_STOP_MS }: { readonly maxStopMs?: number } = {},
): Interrupt {
  const controller = new AbortController()
  let firstAt: number | null = null
  const listener = (signal: string): void => {
    const now = performance.now()
    if (firstAt === null) {
      firstAt = now
      onFirst(signal)
      controller.abort(new CliError('aborted', `Interrupted by ${signal}.`))
      setTimeout(() => process.exit(EXIT.interrupted), maxStopMs).unref()
    } else if (now - firstAt >= SAME_SIGNAL_MS) {
      process.exit(EXIT.interrupted)
    }
  }
  for (const name of SIGNALS) process.on(name, listener)
  return {
    signal: controller.signal,
    release: () => {
      for (const name of SIGNALS) process.off(name, listener)
    },
  }
}
