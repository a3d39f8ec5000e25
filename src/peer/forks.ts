import type { Clock, Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import type { Evidence } from './evidence.ts'
import type { FactsAt } from './evidence-book.ts'
import { contradictionsOf, type Fork, forkStatus, readFork, reasonOfFork, writeFork } from './fork.ts'
import type { ForkStatus } from './fork-types.ts'
import type { Troubles } from './troubles.ts'
import type { PeerEvent } from './types.ts'

const RETRY_MS = 5_000

/** The fork that this peer met, if it met one: kept across restarts until people take the file away. */
export interface Forks {
  readonly status: ForkStatus | null
  /** Why this peer may not speak; null when it met no fork. */
  readonly reason: string | null
  /** The first that is found stays: the others tell no more. Resolves when it was told, and written down if the disk takes it. */
  found(fork: Fork): Promise<void>
}

/** @throws ColdmeshError `refused` when what is remembered cannot be read */
export async function openForks(options: {
  readonly dataDir: string
  readonly factsAt: FactsAt
  readonly evidence: Pick<Evidence, 'store'>
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
  readonly troubles: Troubles
  readonly clock: Pick<Clock, 'after'>
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<Forks> {
  const { dataDir, factsAt, evidence, events, troubles, clock, log, signal } = options
  let known = await readFork(dataDir)

  async function write(fork: Fork): Promise<void> {
    try {
      await writeFork(dataDir, fork)
      troubles.over('fork')
    } catch (error) {
      troubles.report('fork', error)
      signal.addEventListener(
        'abort',
        clock.after(RETRY_MS, () => void write(fork)),
        { once: true },
      )
    }
  }

  if (known !== null) log.error('fork-remembered', { ...forkStatus(known, factsAt) })
  return {
    get status() {
      return known === null ? null : forkStatus(known, factsAt)
    },
    get reason() {
      return known === null ? null : reasonOfFork(known)
    },
    found: async (fork) => {
      if (known !== null) return
      known = fork
      const status = forkStatus(fork, factsAt)
      log.error('fork', { ...status })
      events.emit({ type: 'fork', ...status })
      await write(fork)
      for (const [first, second] of contradictionsOf(fork)) await evidence.store(first, second)
    },
  }
}
