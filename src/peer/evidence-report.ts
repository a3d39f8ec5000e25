import type { CID } from 'multiformats/cid'
import { isProven, judgeEvidence, type ProvenEvidence } from '../../protocols/round/evidence.ts'
import { evidence } from '../../protocols/round/messages.ts'
import type { RoundMessage } from '../../protocols/round/rules.ts'
import { equalCids, toHex } from '../../protocols/wire/bytes.ts'
import { idOf, MalformedError } from '../../protocols/wire/codec.ts'
import type { Signed } from '../../protocols/wire/envelope.ts'
import type { FactsAt } from './evidence-book.ts'
import type { StoredEvidence } from './evidence-file.ts'
import { openGenesis, parseNetworkCid } from './genesis.ts'
import type { EvidenceReport, EvidenceStatus } from './types.ts'

/** An amendment is in force from round 3 on at the earliest: until then the committee is the genesis'. */
const LAST_ROUND_OF_GENESIS = 2

/** Who is in the committee of which round. */
interface Committees {
  readonly id: CID
  readonly factsAt: FactsAt
}

export interface VerifyEvidenceOptions {
  readonly network?: Committees
  readonly genesis?: Uint8Array
  readonly trust?: string
  readonly seenMs?: number | null
}

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
 * @param options.network knows the committee of each round; without it and `genesis` whether the author was a member is not said
 * @param options.genesis bytes of a genesis that the caller trusts: names its committee, and says nothing about who joined later
 * @param options.trust genesis CID that the caller trusts
 * @throws ColdmeshError `not-valid` when `genesis` is none
 */
export function verifyEvidence(
  bytes: Uint8Array,
  { network, genesis, trust, seenMs = null }: VerifyEvidenceOptions = {},
): EvidenceReport {
  const known = network ?? (genesis === undefined ? null : committeesOf(genesis))
  const trusted = trust === undefined ? (known?.id ?? null) : parseNetworkCid(trust)
  const named = networkOf(bytes)
  const committees = known && named && equalCids(known.id, named) ? known : null
  const judged = judgeEvidence(bytes, {
    network: trusted ?? named ?? idOf(bytes),
    isMember: (key, round) => committees?.factsAt(round)?.isMember(key) ?? true,
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
  const { author, round, kind, contradiction } = judged
  const committee = committees?.factsAt(round) ?? null
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
    messages: [judged.first, judged.second].map(describeMessage),
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

/** What a genesis alone tells: its committee, which may have lost or gained members since. */
function committeesOf(genesis: Uint8Array): Committees {
  const facts = openGenesis(idOf(genesis), genesis)
  return { id: facts.id, factsAt: (round) => (round <= LAST_ROUND_OF_GENESIS ? facts : null) }
}
