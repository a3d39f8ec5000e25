import type { Clock, Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import type { Evidence } from './evidence.ts'
import type { FactsAt } from './evidence-book.ts'
import { contradictionsOf, readSplit, reasonOfSplit, type Split, splitStatus, writeSplit } from './split.ts'
import type { SplitStatus } from './split-types.ts'
import type { Troubles } from './troubles.ts'
import type { PeerEvent } from './types.ts'

const RETRY_MS = 5_000

/** The split that this peer met, if it met one: kept across restarts until people take the file away. */
export interface Splits {
  readonly status: SplitStatus | null
  /** Why this peer may not speak; null when it met no split. */
  readonly reason: string | null
  /** The first that is found stays: the others tell no more. `reason` is there at once; resolves when it is written down, if the disk takes it. */
  found(split: Split): Promise<void>
}

/** @throws ColdmeshError `refused` when what is remembered cannot be read */
export async function openSplits(options: {
  readonly dataDir: string
  readonly factsAt: FactsAt
  readonly evidence: Pick<Evidence, 'store'>
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
  readonly troubles: Troubles
  readonly clock: Pick<Clock, 'after'>
  readonly log: Log
  readonly signal: AbortSignal
}): Promise<Splits> {
  const { dataDir, factsAt, evidence, events, troubles, clock, log, signal } = options
  let known = await readSplit(dataDir)

  async function write(split: Split): Promise<void> {
    try {
      await writeSplit(dataDir, split)
      troubles.over('split')
    } catch (error) {
      troubles.report('split', error)
      signal.addEventListener(
        'abort',
        clock.after(RETRY_MS, () => void write(split)),
        { once: true },
      )
    }
  }

  if (known !== null) log.error('split-remembered', { ...splitStatus(known, factsAt) })
  return {
    get status() {
      return known === null ? null : splitStatus(known, factsAt)
    },
    get reason() {
      return known === null ? null : reasonOfSplit(known)
    },
    found: async (split) => {
      if (known !== null) return
      known = split
      const status = splitStatus(split, factsAt)
      log.error('split', { ...status })
      events.emit({ type: 'split', ...status })
      await write(split)
      for (const [first, second] of contradictionsOf(split)) await evidence.store(first, second)
    },
  }
}
