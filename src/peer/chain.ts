import { openJournal } from '../adapters/files/journal.ts'
import { damageOf, readRecordsAndDamage, replaceDamaged } from '../adapters/files/mended-journal.ts'
import type { ContentStore } from '../ports/content-store.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { type ChainEntry, decodeEntry, encodeEntry } from './chain-entry.ts'
import { type MendedChain, mendEntries } from './mend-chain.ts'

export type { ChainEntry } from './chain-entry.ts'

/** The certified bases that a data directory knows, rounds 1, 2, 3 ... in order. */
export interface Chain {
  readonly entries: readonly ChainEntry[]
  /** Durable when it resolves, by one fsync for all of them. */
  append(...entries: readonly ChainEntry[]): Promise<void>
  /** What was done about a damaged file, in words; null for one that was whole. */
  readonly mended: string | null
  close(): Promise<void>
}

/**
 * Opens or creates a chain file. Of a damaged one the rounds that are whole are kept, those between them are taken from the
 * lineages in `store`, and the file stays beside the new one as `chain.damaged`; what is missing at the end, peers have.
 * @throws ColdmeshError `refused` when the disk refuses
 */
export async function openChain(path: string, store: Pick<ContentStore, 'get'> | null = null): Promise<Chain> {
  const mended = await mendFile(path, store)
  let entries: ChainEntry[] = []
  // Entries hold what records said: both in memory would be twice the chain.
  const journal = await openJournal(path, { take: (records) => (entries = readEntries(records, path)) })
  return {
    entries,
    mended,
    append: async (...added) => {
      for (const [i, { round }] of added.entries()) {
        const last = entries.length + i
        if (round !== last + 1) throw new Error(`round ${round} does not follow round ${last}`)
      }
      await journal.append(...added.map(encodeEntry))
      entries.push(...added)
    },
    close: () => journal.close(),
  }
}

async function mendFile(path: string, store: Pick<ContentStore, 'get'> | null): Promise<string | null> {
  const damage = await damageOf(path)
  if (damage === null) return null
  const mended = await mendEntries(damage.records, store)
  await replaceDamaged(path, mended.entries.map(encodeEntry))
  return describe(path, damage.offset, mended)
}

function describe(path: string, offset: number, { entries, restored, lost }: MendedChain): string {
  const [first] = restored
  const range = restored.length > 1 ? `Rounds ${first} to ${restored.at(-1)}` : `Round ${first}`
  const from = first === undefined ? '' : ` ${range} of it: restored from the lineages here.`
  const rest = lost === null ? '' : ` What it held after round ${entries.length} (up to ${lost}) is asked of peers.`
  return `The chain file ${path} was damaged at byte ${offset}.${from}${rest} The damaged file is ${path}.damaged.`
}

/** The entries of a chain file for reading only; what a damaged one still holds, and where it is damaged. */
export async function readChain(path: string): Promise<{ entries: readonly ChainEntry[]; damage: string | null }> {
  const { records, offset } = await readRecordsAndDamage(path)
  if (offset === null) return { entries: readEntries(records, path, readWhenAsked), damage: null }
  const { entries } = await mendEntries(records, null)
  return { entries, damage: `${path} is damaged at byte ${offset}` }
}

function readEntries(records: readonly Uint8Array[], path: string, read = decodeEntry): ChainEntry[] {
  return records.map((record, i) => {
    const entry = read(record)
    if (entry.round !== i + 1) throw new ColdmeshError('refused', `${path} skips from round ${i} to ${entry.round}.`)
    return entry
  })
}

/** An entry that was looked at, and is decoded again when something of it is asked for: decoded, it takes three times its record. */
function readWhenAsked(record: Uint8Array): ChainEntry {
  const { round, amendment } = decodeEntry(record)
  return {
    round,
    get base() {
      return decodeEntry(record).base
    },
    get certificate() {
      return decodeEntry(record).certificate
    },
    ...(amendment === undefined ? {} : { amendment }),
  }
}
