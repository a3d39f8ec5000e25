import { readFile } from 'node:fs/promises'
import { decodeJournal } from '../../adapters/files/journal-format.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'
import { paths } from '../data-dir.ts'
import { createReportBook } from './book.ts'
import { reportEntry } from './entry.ts'
import type { Reports } from './reports.ts'
import { createRoundOf } from './round-of.ts'

/** The reports in a data directory, for reading only: of a damaged file those before the damage. */
export async function readReports(
  dataDir: string,
  network: Network,
  chain: Pick<Chain, 'entries'>,
): Promise<Pick<Reports, 'of'>> {
  const book = createReportBook({ network: network.id, roundOf: createRoundOf(network.genesis.base, chain) })
  for (const record of await readRecords(paths.reports(dataDir))) book.receive(record)
  return { of: (base) => book.of(base).map(reportEntry) }
}

async function readRecords(path: string): Promise<readonly Uint8Array[]> {
  const file = await readFile(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  })
  try {
    return decodeJournal(file, path).records
  } catch (error) {
    const offset = isColdmeshError(error, 'refused') ? error.facts['offset'] : undefined
    if (typeof offset !== 'number') throw error
    return decodeJournal(file.subarray(0, offset), path).records
  }
}
