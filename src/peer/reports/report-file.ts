import { openMendedJournal } from '../../adapters/files/mended-journal.ts'
import type { Journal, Log } from '../../ports/system.ts'

/**
 * The file of reports. A damaged one is put aside, and what is whole of it kept: reports are advice that neighbours have too, no
 * reason for a peer not to start.
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openReportFile(path: string, log: Log): Promise<Journal> {
  return await openMendedJournal(path, ({ offset, records }) =>
    log.warn('reports-damaged', { offset, kept: records.length }),
  )
}
