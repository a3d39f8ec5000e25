import type { Clock, Log } from '../../ports/system.ts'
import { createBackoff } from './backoff.ts'
import {
  DEFAULT_MAX_PARALLEL_DIALS,
  DEFAULT_MIN_CONNECTIONS,
  DEFAULT_REDIAL_FIRST_MS,
  DEFAULT_REDIAL_LAST_MS,
  DEFAULT_STABLE_MS,
} from './limits.ts'

export interface Candidate {
  /** Multiaddr or peer id. */
  readonly address: string
  /** Peer id, if the address names one. */
  readonly peer: string | undefined
}

export interface KeepConnectedOptions {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly connected: () => ReadonlySet<string>
  readonly candidates: () => Promise<readonly Candidate[]>
  /** Resolves with the peer id found there. */
  readonly dial: (address: string) => Promise<string>
  readonly minConnections?: number
}

export interface KeepConnected {
  start(): void
  /** Resolves when no dial of ours is under way. */
  stop(): Promise<void>
  /** A peer came, went or was discovered: look at once. */
  wake(): void
  /** When it looks again, on the monotonic clock; null while it does, or when nothing is left to dial. */
  nextDial(): number | null
}

/**
 * Dials known addresses while we have too few connections: all once at the start, then each again with its own
 * exponential back-off. A failure is never fatal: a node alone in the world keeps trying and keeps serving.
 */
export function createKeepConnected(options: KeepConnectedOptions): KeepConnected {
  const { clock, log, connected, candidates, dial, minConnections = DEFAULT_MIN_CONNECTIONS } = options
  const backoff = createBackoff({
    firstMs: DEFAULT_REDIAL_FIRST_MS,
    lastMs: DEFAULT_REDIAL_LAST_MS,
    random: options.random,
  })
  let running = false
  let cancelTimer = (): void => {}
  let nextAt: number | null = null
  let round: Promise<void> | undefined
  let again = false

  const found = new Map<string, { peer: string; atMs: number }>()

  const dialOne = async ({ address }: Candidate): Promise<void> => {
    const last = found.get(address)
    if (last !== undefined && clock.now() - last.atMs > DEFAULT_STABLE_MS) backoff.succeeded(address)
    // A peer that takes us in and throws us out at once must not be dialled in a circle: every try counts.
    backoff.failed(address, clock.now())
    try {
      found.set(address, { peer: await dial(address), atMs: clock.now() })
    } catch (error) {
      log.debug('redial-failed', { address, error })
    }
  }

  const missing = async (): Promise<Candidate[]> => {
    const here = connected()
    if (here.size >= minConnections) return []
    return (await candidates()).filter(({ address, peer = found.get(address)?.peer }) => {
      return peer === undefined || !here.has(peer)
    })
  }

  const look = async (): Promise<void> => {
    const due = (await missing()).filter(({ address }) => backoff.isDue(address, clock.now()))
    await Promise.all(due.slice(0, DEFAULT_MAX_PARALLEL_DIALS).map(dialOne))
    if (!running) return
    const left = await missing()
    if (left.length === 0) return
    const nextMs = backoff.nextDueMs(left.map(({ address }) => address))
    cancelTimer()
    const delayMs = Math.max(DEFAULT_REDIAL_FIRST_MS / 4, nextMs - clock.now())
    nextAt = clock.now() + delayMs
    cancelTimer = clock.after(delayMs, wake)
  }

  const wake = (): void => {
    if (!running) return
    nextAt = null
    if (round !== undefined) {
      again = true
      return
    }
    round = look()
      .catch((error: unknown) => log.error('redial-broken', { error }))
      .finally(() => {
        round = undefined
        if (again) {
          again = false
          wake()
        }
      })
  }

  return {
    start() {
      running = true
      wake()
    },
    async stop() {
      running = false
      cancelTimer()
      await round
    },
    wake,
    nextDial: () => nextAt,
  }
}
