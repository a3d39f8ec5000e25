import { readFile } from 'node:fs/promises'
import { systemCode } from '../../ports/disk-refusal.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { Journal } from '../../ports/system.ts'
import { writeFileAtomic } from './atomic.ts'
import { openJournal } from './journal.ts'
import { decodeJournal, encodeJournal, salvageRecords } from './journal-format.ts'

export const DAMAGED_SUFFIX = '.damaged'

/** What was wrong with a file of records. */
export interface Damage {
  readonly path: string
  /** Of the first damaged byte's record. */
  readonly offset: number
  /** Records that are whole. */
  readonly records: readonly Uint8Array[]
}

/**
 * Opens a journal whose records stand for themselves: of a damaged file, what is whole is kept in a new one, and the file
 * stays beside it as `.damaged`. Not for what this peer signed: there a missing record is a forgotten vote.
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openMendedJournal(path: string, onDamage: (damage: Damage) => void): Promise<Journal> {
  const damage = await damageOf(path)
  if (damage !== null) {
    await replaceDamaged(path, damage.records)
    onDamage(damage)
  }
  return await openJournal(path)
}

/** Null for a file that is whole, or not there. @throws ColdmeshError `refused` */
export async function damageOf(path: string): Promise<Damage | null> {
  const { records, offset } = await readRecordsAndDamage(path)
  return offset === null ? null : { path, offset, records }
}

/** A new file of these records; the damaged one stays beside it. A crash on the way leaves the damaged one in its place. */
export async function replaceDamaged(path: string, records: readonly Uint8Array[]): Promise<void> {
  await writeFileAtomic(`${path}${DAMAGED_SUFFIX}`, await readIfThere(path), { mode: 0o600 })
  await writeFileAtomic(path, encodeJournal(records), { mode: 0o600 })
}

/** The records of a file that nobody changes; of a damaged one those that are whole. */
export async function readRecords(path: string): Promise<readonly Uint8Array[]> {
  return (await readRecordsAndDamage(path)).records
}

/** As `readRecords`, with where it is damaged. Reads the file once. @throws ColdmeshError `refused` */
export async function readRecordsAndDamage(
  path: string,
): Promise<{ readonly records: readonly Uint8Array[]; readonly offset: number | null }> {
  const file = await readIfThere(path)
  try {
    return { records: decodeJournal(file, path).records, offset: null }
  } catch (error) {
    const offset = isColdmeshError(error, 'refused') ? error.facts['offset'] : undefined
    if (typeof offset !== 'number') throw error
    return { records: salvageRecords(file), offset }
  }
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
