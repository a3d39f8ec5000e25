import assert from 'node:assert/strict'
import type { Daemon, DaemonEvent } from '../daemon.ts'

type Fits = (event: DaemonEvent) => boolean

const WITHIN_MS = 180_000

export function eventually(daemon: Daemon, fits: Fits, what: string): Promise<DaemonEvent> {
  return daemon.event(fits, what, WITHIN_MS)
}

/** The first event that fits, of those after the first `from`. */
export function eventAfter(daemon: Daemon, from: number, fits: Fits, what: string): Promise<DaemonEvent> {
  return daemon.event((event) => daemon.events.indexOf(event) >= from && fits(event), what, WITHIN_MS)
}

/** Fails as soon as one of them says what fits; otherwise resolves after `quietMs`. */
export async function nothingWithin(daemons: readonly Daemon[], fits: Fits, quietMs: number): Promise<void> {
  const said = daemons.map((daemon) => daemon.event(fits, 'what must not come', quietMs))
  const ends = await Promise.allSettled(said)
  const wrong = ends.flatMap((end, i) =>
    end.status === 'fulfilled' ? [`${daemons[i]?.name}: ${JSON.stringify(end.value)}`] : [],
  )
  assert.deepEqual(wrong, [])
}
