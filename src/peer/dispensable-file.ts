import { openMendedJournal } from '../adapters/files/mended-journal.ts'
import type { Journal, Log } from '../ports/system.ts'

/**
 * A file of signed messages that neighbours have too, such as reports and approvals. A damaged one is put aside, and what is whole
 * of it kept: no reason for a peer not to start.
 * @param name for the log
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openDispensable(path: string, name: string, log: Log): Promise<Journal> {
  return await openMendedJournal(path, ({ offset, records }) =>
    log.warn(`${name}-damaged`, { offset, kept: records.length }),
  )
}
