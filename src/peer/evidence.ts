import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encodeEvidence, isProven, judgeEvidence, type ProvenEvidence } from '../../protocols/round/evidence.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { decodeCanonical, encodeCanonical, MalformedError } from '../../protocols/wire/codec.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { bytes, record, uint } from '../../protocols/wire/fields.ts'
import { MAX_EVIDENCE_BYTES } from '../../protocols/wire/limits.ts'
import { decodeJournal } from '../adapters/files/journal-format.ts'
import { DAMAGED_SUFFIX, openMendedJournal } from '../adapters/files/mended-journal.ts'
import type { Clock, Log } from '../ports/system.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { Emitter } from './emitter.ts'
import { contradictionStatus } from './evidence-report.ts'
import type { PeerEvent } from './types.ts'

/** `evidence/1` as this peer keeps it: with the wall-clock time at which it was seen. */
export interface StoredEvidence {
  readonly bytes: Uint8Array
  readonly seenMs: number
}

/** Pairs of envelopes of one member that contradict each other, kept for good: one pair a member and round. */
export interface EvidenceFile {
  /** Oldest first. */
  readonly entries: readonly StoredEvidence[]
  store(first: Signed<RoundMessage>, second: Signed<RoundMessage>): Promise<void>
  close(): Promise<void>
}

const MAX_RECORD_BYTES = MAX_EVIDENCE_BYTES + 64
const recordFields = record({ evidence: bytes({ atMost: MAX_EVIDENCE_BYTES }), seenMs: uint() })
const pathIn = (dataDir: string) => join(dataDir, 'evidence')

export async function openEvidence(options: {
  readonly dataDir: string
  readonly network: NetworkFacts
  readonly clock: Pick<Clock, 'wall'>
  readonly log: Log
  readonly events: Emitter<PeerEvent>
}): Promise<EvidenceFile> {
  const { network, log, events } = options
  const journal = await openMendedJournal(pathIn(options.dataDir), ({ path, offset, records }) =>
    log.error('evidence-damaged', { path, offset, kept: records.length, aside: `${path}${DAMAGED_SUFFIX}` }),
  )
  const entries = readEntries(journal.records)
  if (entries.length < journal.records.length) log.warn('evidence-unreadable', { records: journal.records.length })
  const slotOf = ({ author, round }: Pick<ProvenEvidence, 'author' | 'round'>) => `${toHex(author)}/${round}`
  const view = { network: network.id, isMember: network.isMember }
  const known = new Set(
    entries
      .map((entry) => judgeEvidence(entry.bytes, view))
      .flatMap((found) => (isProven(found) ? [slotOf(found)] : [])),
  )
  return {
    entries,
    store: async (first, second) => {
      const bytes = encodeEvidence(network.id, first, second)
      const proven = judgeEvidence(bytes, view)
      if (!isProven(proven)) throw new Error(`the machine calls evidence what is none: ${JSON.stringify(proven)}`)
      if (known.has(slotOf(proven))) return
      known.add(slotOf(proven))
      const stored = { bytes, seenMs: Math.round(options.clock.wall()) }
      entries.push(stored)
      const status = contradictionStatus(proven, stored, network)
      log.error('evidence', { ...status })
      events.emit({ type: 'evidence', ...status })
      await journal
        .append(encodeCanonical({ evidence: stored.bytes, seenMs: stored.seenMs }))
        .catch((error: unknown) => log.error('evidence-not-stored', { error: String(error) }))
    },
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
