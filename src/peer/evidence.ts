import type { CID } from 'multiformats/cid'
import { topicOf } from '../../protocols/registry.ts'
import { encodeEvidence, isProven, type ProvenEvidence } from '../../protocols/round/evidence.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { MAX_EVIDENCE_PAGE } from '../../protocols/sync/messages.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import { MAX_EVIDENCE_HELD } from '../../protocols/wire/limits.ts'
import { ACCEPT, type Verdict } from '../../protocols/wire/verdict.ts'
import { ColdmeshError } from '../ports/errors.ts'
import type { Gossip } from '../ports/gossip.ts'
import type { Clock, Log } from '../ports/system.ts'
import type { Emitter } from './emitter.ts'
import { createEvidenceBook, type EvidenceSlot, type FactsAt } from './evidence-book.ts'
import { openEvidenceFile, type StoredEvidence } from './evidence-file.ts'
import { contradictionStatus } from './evidence-report.ts'
import type { Refusal } from './round/inbox.ts'
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

export interface EvidenceOptions {
  readonly dataDir: string
  readonly network: CID
  readonly factsAt: FactsAt
  readonly gossip: Pick<Gossip, 'publish'>
  readonly sync: Pick<SyncClient, 'evidence'>
  /** Tells people of evidence that is provably wrong. */
  readonly note: (refusal: Refusal) => void
  readonly clock: Pick<Clock, 'wall'>
  readonly log: Log
  readonly events: Pick<Emitter<PeerEvent>, 'emit'>
  readonly signal: AbortSignal
}

/** @throws ColdmeshError `refused` when the file is damaged, or the disk refuses */
export async function openEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { network, factsAt, gossip, log, events, signal } = options
  const file = await openEvidenceFile(options.dataDir, log)
  const book = createEvidenceBook(network, factsAt, file.entries)
  let writing: Promise<void> = Promise.resolve()

  /** Known from now on, on disk when it resolves: a disk that refuses costs a restarted peer nothing that sync does not bring back. */
  function keep(proven: ProvenEvidence, bytes: Uint8Array, from: 'self' | 'gossip' | 'sync'): Promise<void> {
    const stored = { bytes, seenMs: Math.round(options.clock.wall()) }
    book.add(proven, stored)
    const status = contradictionStatus(proven, stored, factsAt)
    log.error('evidence', { ...status, from })
    events.emit({ type: 'evidence', ...status })
    writing = writing
      .then(() => file.append(stored))
      .catch((error: unknown) => log.error('evidence-not-stored', { error: String(error) }))
    return writing
  }

  /** Takes in what others bring. The verdict is for whoever brought it, never for the accused. */
  function take(bytes: Uint8Array, from: 'gossip' | 'sync'): Verdict {
    const judged = book.judge(bytes)
    if (!isProven(judged)) return judged
    void keep(judged, bytes, from)
    return ACCEPT
  }

  return {
    entries: book.entries,
    store: async (first, second) => {
      const bytes = encodeEvidence(network, first, second)
      const judged = book.judge(bytes)
      if (!isProven(judged)) {
        if (judged.verdict === 'ignore') return
        throw new Error(`the machine calls evidence what is none: ${JSON.stringify(judged)}`)
      }
      await keep(judged, bytes, 'self')
      await gossip.publish(topicOf(String(network), 'evidence'), bytes).catch((error: unknown) => {
        log.warn('not-published', { topic: 'evidence', error: String(error) })
      })
    },
    receive: (bytes) => {
      const verdict = take(bytes, 'gossip')
      if (verdict.verdict === 'reject') {
        options.note({ what: 'evidence', id: null, author: null, reason: verdict.reason })
      }
      return verdict
    },
    missing: (have) => book.missing(have, MAX_EVIDENCE_PAGE),
    syncWith: async (peer) => {
      try {
        for (let page = 0; page < MAX_PAGES; page++) {
          const before = book.slots.length
          for await (const bytes of options.sync.evidence(peer, book.slots, signal)) {
            const verdict = take(bytes, 'sync')
            if (verdict.verdict === 'reject') {
              throw new ColdmeshError('not-valid', `A peer passed on evidence that proves nothing: ${verdict.reason}.`)
            }
          }
          if (book.slots.length === before) return
        }
      } catch (error) {
        if (!signal.aborted) log.info('evidence-sync-failed', { peer, error: String(error) })
      }
    },
    close: async () => {
      await writing
      await file.close()
    },
  }
}
