import { readRecords } from '../../adapters/files/mended-journal.ts'
import type { Network } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'
import { paths } from '../data-dir.ts'
import { createReportBook } from './book.ts'
import { reportEntry } from './entry.ts'
import type { Reports } from './reports.ts'
import { createRoundOf } from './round-of.ts'

/** The reports in a data directory, for reading only: of a damaged file those that are whole. */
export async function readReports(
  dataDir: string,
  network: Network,
  chain: Pick<Chain, 'entries'>,
): Promise<Pick<Reports, 'of'>> {
  const book = createReportBook({ network: network.id, roundOf: createRoundOf(network.genesis.base, chain) })
  for (const record of await readRecords(paths.reports(dataDir))) book.receive(record)
  return { of: (base) => book.of(base).map(reportEntry) }
}
