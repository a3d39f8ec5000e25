import { encodeEvidence, isProven, type ProvenEvidence } from '../../protocols/round/evidence.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { MAX_EVIDENCE_PAGE } from '../../protocols/sync/messages.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { MAX_EVIDENCE_HELD } from '../../protocols/wire/limits.ts'
import { ACCEPT, type Verdict } from '../../protocols/wire/verdict.ts'
import type { Clock } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import { createEvidenceBook, type EvidenceSlot, type FactsAt } from './evidence-book.ts'
import { openEvidenceFile, type StoredEvidence } from './evidence-file.ts'
import { contradictionStatus } from './evidence-report.ts'
import { createSharedBook, type Judged, type SharedBookPorts } from './shared-book.ts'
import type { SyncClient } from './sync/client.ts'
import type { PeerEvent } from './types.ts'

/** Everything that a peer may hold, in pages, and one more that is empty. */
const MAX_PAGES = MAX_EVIDENCE_HELD / MAX_EVIDENCE_PAGE + 1

/** Pairs of envelopes of one member that contradict each other: detected here or brought by others, kept, passed on. */
export interface Evidence {
  /** Oldest first. */
  readonly entries: readonly StoredEvidence[]
  /** What this peer's own machine found: kept and published, once. Durable when it resolves. */
  store(first: Signed<RoundMessage>, second: Signed<RoundMessage>): Promise<void>
  /** From gossip. */
  receive(bytes: Uint8Array): Verdict
  /** What a peer that has evidence of these members and rounds lacks, at most a page. */
  missing(have: readonly EvidenceSlot[]): readonly Uint8Array[]
  /** Asks a neighbour for what we lack. Never throws. */
  syncWith(peer: string): Promise<void>
  close(): Promise<void>
}

export interface EvidenceOptions extends SharedBookPorts {
  readonly dataDir: string
  readonly factsAt: FactsAt
  readonly sync: Pick<SyncClient, 'evidence'>
  readonly clock: Pick<Clock, 'wall'>
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
}

interface Added {
  readonly proven: ProvenEvidence
  readonly stored: StoredEvidence
}

/** @throws ColdmeshError `refused` when the file is damaged, or the disk refuses */
export async function openEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { network, factsAt, log, events } = options
  const file = await openEvidenceFile(options.dataDir, log)
  const book = createEvidenceBook(network, factsAt, file.entries)
  const shared = createSharedBook<Added>({
    ...options,
    topic: 'evidence',
    what: 'evidence',
    maxPages: MAX_PAGES,
    add,
    store: ({ stored }) => file.append(stored),
    tell: ({ proven, stored }, from) => {
      const status = contradictionStatus(proven, stored, factsAt)
      log.error('evidence', { ...status, from })
      events.emit({ type: 'evidence', ...status })
    },
    ask: (peer, signal) => [options.sync.evidence(peer, book.slots, signal)],
  })

  /** The verdict is for whoever brought it, never for the accused. */
  function add(bytes: Uint8Array): Judged<Added> {
    const judged = book.judge(bytes)
    if (!isProven(judged)) return { verdict: judged, added: null }
    const stored = { bytes, seenMs: Math.round(options.clock.wall()) }
    book.add(judged, stored)
    return { verdict: ACCEPT, added: { proven: judged, stored } }
  }

  return {
    entries: book.entries,
    store: async (first, second) => {
      const bytes = encodeEvidence(network, first, second)
      const { verdict, written } = shared.take(bytes, 'self')
      if (verdict.verdict === 'ignore') return
      if (verdict.verdict === 'reject') {
        throw new Error(`the machine calls evidence what is none: ${JSON.stringify(verdict)}`)
      }
      // A disk that refuses is no reason to keep silent.
      await written.catch(() => {})
      await shared.announce(bytes)
    },
    receive: shared.receive,
    missing: (have) => book.missing(have, MAX_EVIDENCE_PAGE),
    syncWith: shared.syncWith,
    close: async () => {
      await shared.stop()
      await file.close()
    },
  }
}
