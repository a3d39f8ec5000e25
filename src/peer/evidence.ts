import { join } from 'node:path'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { toHex } from '../../protocols/wire/bytes.ts'
import { encodeCanonical } from '../../protocols/wire/codec.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { openJournal } from '../adapters/files/journal.ts'
import type { Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import type { PeerEvent } from './types.ts'

/** Pairs of envelopes of one author that contradict each other, kept for good. */
export interface EvidenceFile {
  readonly count: number
  store(first: Signed<RoundMessage>, second: Signed<RoundMessage>): Promise<void>
  close(): Promise<void>
}

export async function openEvidence(dataDir: string, log: Log, events: Emitter<PeerEvent>): Promise<EvidenceFile> {
  const journal = await openJournal(join(dataDir, 'evidence'))
  const stored = new Set(journal.records.map(toHex))
  return {
    get count() {
      return stored.size
    },
    store: async (first, second) => {
      const record = encodeCanonical({ first: first.envelope, second: second.envelope })
      if (stored.has(toHex(record))) return
      stored.add(toHex(record))
      const { author, round, kind } = second.message
      log.error('evidence', { author: toHex(author), round, kind })
      events.emit({ type: 'evidence', author: toHex(author), round })
      await journal.append(record).catch((error: unknown) => log.error('evidence-not-stored', { error: String(error) }))
    },
    close: () => journal.close(),
  }
}
