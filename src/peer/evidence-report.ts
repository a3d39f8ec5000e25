import type { CID } from 'multiformats/cid'
import { isProven, judgeEvidence, type ProvenEvidence } from '../../protocols/round/evidence.ts'
import { evidence } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalCids, toHex } from '../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../protocols/wire/codec.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { NetworkFacts } from '../rounds/network.ts'
import type { FactsAt } from './evidence-book.ts'
import type { StoredEvidence } from './evidence-file.ts'
import { parseNetworkCid } from './genesis.ts'
import type { EvidenceReport, EvidenceStatus } from './types.ts'

/** The line of `status`: who, when, what. */
export function contradictionStatus(
  { author, round, kind, contradiction }: ProvenEvidence,
  { bytes, seenMs }: StoredEvidence,
  factsAt: FactsAt,
): EvidenceStatus {
  const name = factsAt(round)?.nameOf(author) ?? toHex(author).slice(0, 8)
  return { id: String(idOf(bytes)), author: toHex(author), name, round, kind, contradiction, seenMs }
}

/** Of all that is stored; what does not hold is left out: `coldmesh evidence` says why. */
export function evidenceStatus(
  entries: readonly StoredEvidence[],
  network: CID,
  factsAt: FactsAt,
): readonly EvidenceStatus[] {
  const isMember = (key: Uint8Array, round: number) => factsAt(round)?.isMember(key) ?? true
  return entries.flatMap((entry) => {
    const judged = judgeEvidence(entry.bytes, { network, isMember })
    return isProven(judged) ? [contradictionStatus(judged, entry, factsAt)] : []
  })
}

/**
 * Checks evidence from its bytes alone: both signatures, and why nobody honest says both.
 * @param options.network knows the committee; without it whether the author was a member is not said
 * @param options.trust genesis CID that the caller trusts
 */
export function verifyEvidence(
  bytes: Uint8Array,
  { network, trust, seenMs = null }: { network?: NetworkFacts; trust?: string; seenMs?: number | null } = {},
): EvidenceReport {
  const trusted = trust === undefined ? (network?.id ?? null) : parseNetworkCid(trust)
  const named = networkOf(bytes)
  const committee = network && named && equalCids(network.id, named) ? network : null
  const judged = judgeEvidence(bytes, {
    network: trusted ?? named ?? idOf(bytes),
    isMember: committee?.isMember ?? (() => true),
  })
  const common = {
    id: String(idOf(bytes)),
    network: named === null ? null : String(named),
    trusted: trusted !== null && named !== null && equalCids(trusted, named),
    seenMs,
  }
  if (!isProven(judged)) {
    const reason = judged.verdict === 'accept' ? null : judged.reason
    return {
      ...common,
      proven: false,
      reason,
      author: null,
      name: null,
      member: null,
      round: null,
      kind: null,
      contradiction: null,
      messages: [],
    }
  }
  const { author, round, kind, contradiction, first, second } = judged
  return {
    ...common,
    proven: true,
    reason: null,
    author: toHex(author),
    name: committee === null ? null : committee.nameOf(author),
    member: committee === null ? null : true,
    round,
    kind,
    contradiction,
    messages: [first, second].map(describeMessage),
  }
}

function networkOf(bytes: Uint8Array): CID | null {
  try {
    return evidence.decode(bytes).network
  } catch (error) {
    if (error instanceof MalformedError) return null
    throw error
  }
}

function describeMessage({ id, message, signature }: Signed<RoundMessage>): EvidenceReport['messages'][number] {
  const common = { id: String(id), signature: toHex(signature) }
  if (message.kind === 'list/1') {
    return { ...common, seq: message.seq, view: null, base: null, contributions: message.contributions.map(String) }
  }
  const base = message.base === null ? null : String(message.base)
  return { ...common, seq: null, view: message.view, base, contributions: null }
}
