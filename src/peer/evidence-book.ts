import type { CID } from 'multiformats/cid'
import {
  type HeardEvidenceView,
  isProven,
  judgeEvidence,
  judgeHeardEvidence,
  type ProvenEvidence,
} from '../../protocols/round/evidence.ts'
import { equalBytes, toHex } from '../../protocols/wire/bytes.ts'
import { idOf } from '../../protocols/wire/codec.ts'
import { MAX_EVIDENCE_HELD, MAX_EVIDENCE_PER_MEMBER } from '../../protocols/wire/limits.ts'
import type { Verdict } from '../../protocols/wire/verdict.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { StoredEvidence } from './evidence-file.ts'

/** The facts in force in a round; null for a round so far ahead that its committee is not known here. */
export type FactsAt = (round: number) => NetworkFacts | null

/** Whose evidence of which round: one pair each is kept. */
export interface EvidenceSlot {
  readonly author: Uint8Array
  readonly round: number
}

/** What evidence a peer holds: one pair a member and round, and so many that nobody fills a disk. */
export interface EvidenceBook {
  /** Oldest first. */
  readonly entries: readonly StoredEvidence[]
  readonly slots: readonly EvidenceSlot[]
  /** What to do with evidence that somebody brings; held by nobody yet. */
  judge(bytes: Uint8Array): ProvenEvidence | Verdict
  add(slot: EvidenceSlot, stored: StoredEvidence): void
  /** Of members and rounds that are not in `have`, oldest round first, none of a member or for a peer that holds enough. */
  missing(have: readonly EvidenceSlot[], atMost: number): readonly Uint8Array[]
}

interface Held extends EvidenceSlot {
  readonly stored: StoredEvidence
}

/** @param stored what was judged before it was written down */
export function createEvidenceBook(network: CID, factsAt: FactsAt, stored: readonly StoredEvidence[]): EvidenceBook {
  const held = new Map<string, Held>()
  const ids = new Set<string>()
  const entries: StoredEvidence[] = []

  const view: HeardEvidenceView = {
    network,
    isMember: (key, round) => factsAt(round)?.isMember(key) ?? null,
    isKnown: (id) => ids.has(String(id)),
    holds: (author, round) => held.has(nameOf({ author, round })),
    countOf: (author) => countOf([...held.values()], author),
    get held() {
      return held.size
    },
  }

  function add({ author, round }: EvidenceSlot, entry: StoredEvidence): void {
    held.set(nameOf({ author, round }), { author, round, stored: entry })
    ids.add(String(idOf(entry.bytes)))
    entries.push(entry)
  }

  for (const entry of stored) {
    const judged = judgeEvidence(entry.bytes, { network, isMember: () => true })
    if (isProven(judged)) add(judged, entry)
    // Kept and shown: `coldmesh evidence` says why it does not hold.
    else entries.push(entry)
  }

  return {
    entries,
    get slots() {
      return [...held.values()].map(({ author, round }) => ({ author, round }))
    },
    judge: (bytes) => judgeHeardEvidence(bytes, view),
    add,
    missing: (have, atMost) => {
      if (have.length >= MAX_EVIDENCE_HELD) return []
      const known = new Set(have.map(nameOf))
      return [...held.values()]
        .filter((pair) => !known.has(nameOf(pair)) && countOf(have, pair.author) < MAX_EVIDENCE_PER_MEMBER)
        .sort((a, b) => a.round - b.round)
        .slice(0, atMost)
        .map(({ stored: { bytes } }) => bytes)
    },
  }
}

const nameOf = ({ author, round }: EvidenceSlot) => `${toHex(author)}/${round}`

function countOf(slots: readonly EvidenceSlot[], author: Uint8Array): number {
  return slots.filter((slot) => equalBytes(slot.author, author)).length
}
