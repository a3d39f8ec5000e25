import { rename } from 'node:fs/promises'
import { openJournal } from '../adapters/files/journal.ts'
import { isColdmeshError } from '../ports/errors.ts'
import type { Journal, Log } from '../ports/system.ts'

/**
 * A file of signed messages that neighbours have too, such as reports and approvals. A damaged one is put aside, and a new one begun: no
 * reason for a peer not to start.
 * @param name for the log
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openDispensable(path: string, name: string, log: Log): Promise<Journal> {
  try {
    return await openJournal(path)
  } catch (error) {
    if (!isColdmeshError(error, 'refused') || typeof error.facts['offset'] !== 'number') throw error
    log.warn(`${name}-damaged`, { offset: error.facts['offset'] })
    await rename(path, `${path}.damaged`)
    return await openJournal(path)
  }
}
