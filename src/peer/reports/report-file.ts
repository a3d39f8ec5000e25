import { rename } from 'node:fs/promises'
import { openJournal } from '../../adapters/files/journal.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Journal, Log } from '../../ports/system.ts'

/**
 * The file of reports. A damaged one is put aside, and a new one begun: reports are advice that neighbours have too, no reason for a peer
 * not to start.
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openReportFile(path: string, log: Log): Promise<Journal> {
  try {
    return await openJournal(path)
  } catch (error) {
    if (!isColdmeshError(error, 'refused') || typeof error.facts['offset'] !== 'number') throw error
    log.warn('reports-damaged', { offset: error.facts['offset'] })
    await rename(path, `${path}.damaged`)
    return await openJournal(path)
  }
}
