import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../protocols/wire/codec.ts'
import { bytes, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_EVIDENCE_BYTES } from '../../protocols/wire/limits.ts'
import { openJournal } from '../adapters/files/journal.ts'
import { decodeJournal } from '../adapters/files/journal-format.ts'
import type { Log } from '../ports/system.ts'

/** `evidence/1` as this peer keeps it: with the wall-clock time at which it was seen. */
export interface StoredEvidence {
  readonly bytes: Uint8Array
  readonly seenMs: number
}

/** The file of evidence in a data directory: only ever appended to. */
export interface EvidenceFile {
  /** What it held when it was opened, oldest first. */
  readonly entries: readonly StoredEvidence[]
  /** Durable when it resolves. @throws ColdmeshError `refused` */
  append(entry: StoredEvidence): Promise<void>
  close(): Promise<void>
}

const MAX_RECORD_BYTES = MAX_EVIDENCE_BYTES + 64
const recordFields = record({ evidence: bytes({ atMost: MAX_EVIDENCE_BYTES }), seenMs: uint() })
const pathIn = (dataDir: string) => join(dataDir, 'evidence')

/** @throws ColdmeshError `refused` when the file is damaged, or the disk refuses */
export async function openEvidenceFile(dataDir: string, log: Log): Promise<EvidenceFile> {
  const journal = await openJournal(pathIn(dataDir))
  const entries = readEntries(journal.records)
  if (entries.length < journal.records.length) log.warn('evidence-unreadable', { records: journal.records.length })
  return {
    entries,
    append: (entry) => journal.append(encodeCanonical({ evidence: entry.bytes, seenMs: entry.seenMs })),
    close: () => journal.close(),
  }
}

/** What a data directory holds, without opening it for writing. @throws ColdmeshError `refused` when the file is damaged */
export async function readEvidence(dataDir: string): Promise<readonly StoredEvidence[]> {
  const path = pathIn(dataDir)
  try {
    return readEntries(decodeJournal(await readFile(path), path).records)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

function readEntries(records: readonly Uint8Array[]): StoredEvidence[] {
  return records.flatMap((entry) => {
    try {
      const read = recordFields.read(decodeCanonical(entry, MAX_RECORD_BYTES), 'evidence')
      return [{ bytes: read.evidence, seenMs: read.seenMs }]
    } catch (error) {
      if (error instanceof MalformedError) return []
      throw error
    }
  })
}
