import { readFile } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import { decodeCanonical, encodeCanonical } from '../../protocols/wire/codec.ts'
import { bytes, directoryCid, optional, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_CERTIFICATE_BYTES, MAX_RATIFICATION_BYTES } from '../../protocols/wire/limits.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { decodeJournal } from '../adapters/files/journal-format.ts'
import { ColdmeshError, isColdmeshError } from '../ports/errors.ts'
import type { Journal } from '../ports/system.ts'

/** A certified base; its lineage and weights are blocks under its CID. */
export interface ChainEntry {
  readonly round: number
  readonly base: CID
  readonly certificate: Uint8Array
  /** The ratification in its lineage, if there is one. */
  readonly amendment?: Uint8Array
}

/** The certified bases that a data directory knows, rounds 1, 2, 3 ... in order. */
export interface Chain {
  readonly entries: readonly ChainEntry[]
  /** Durable when it resolves. */
  append(entry: ChainEntry): Promise<void>
  close(): Promise<void>
}

const entryFields = record({
  round: uint({ min: 1 }),
  base: directoryCid(),
  certificate: bytes({ atMost: MAX_CERTIFICATE_BYTES }),
  amendment: optional(bytes({ atMost: MAX_RATIFICATION_BYTES })),
})

/** @throws ColdmeshError `refused` when the file is damaged */
export async function openChain(path: string): Promise<Chain> {
  const journal = await openFile(path)
  const entries = readEntries(journal.records, path)
  return {
    entries,
    append: async (entry) => {
      if (entry.round !== entries.length + 1) throw new Error(`round ${entry.round} does not follow ${entries.length}`)
      await journal.append(encodeCanonical({ ...entry }))
      entries.push(entry)
    },
    close: () => journal.close(),
  }
}

async function openFile(path: string): Promise<Journal> {
  try {
    return await openJournal(path)
  } catch (error) {
    const offset = isColdmeshError(error, 'refused') ? error.facts['offset'] : undefined
    if (typeof offset !== 'number') throw error
    throw new ColdmeshError('refused', `The chain file ${path} is damaged at byte ${offset}.`, {
      facts: { path, offset },
      hint: 'Delete it: the certified bases are fetched from peers and checked again. Nothing that this key signed is in it.',
      cause: error,
    })
  }
}

/** The entries of a chain file for reading only; what a damaged one still holds, and where it is damaged. */
export async function readChain(path: string): Promise<{ entries: readonly ChainEntry[]; damage: string | null }> {
  const file = await readFileIfThere(path)
  try {
    return { entries: readEntries(decodeJournal(file, path).records, path), damage: null }
  } catch (error) {
    const offset = isColdmeshError(error, 'refused') ? error.facts['offset'] : undefined
    if (typeof offset !== 'number') throw error
    const intact = decodeJournal(file.subarray(0, offset), path).records
    return { entries: readEntries(intact, path), damage: `${path} is damaged at byte ${offset}` }
  }
}

function readEntries(records: readonly Uint8Array[], path: string): ChainEntry[] {
  return records.map((entry, i) => {
    const read = entryFields.read(
      decodeCanonical(entry, MAX_CERTIFICATE_BYTES + MAX_RATIFICATION_BYTES + 256),
      'chain entry',
    )
    if (read.round !== i + 1) throw new ColdmeshError('refused', `${path} skips from round ${i} to ${read.round}.`)
    return read
  })
}

async function readFileIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}
