import type { CID } from 'multiformats/cid'
import {
  MAX_PAGE,
  syncApproval,
  syncApprovalsRequest,
  syncBase,
  syncBasesRequest,
  syncDelta,
  syncDeltaRequest,
  syncEnvelope,
  syncEvidence,
  syncEvidenceRequest,
  syncHead,
  syncHeadRequest,
  syncReport,
  syncReportsRequest,
  syncRoundRequest,
} from '../../../protocols/sync/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { decodeCanonical, MalformedError } from '../../../protocols/wire/codec.ts'
import { openBase } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Log } from '../../ports/system.ts'
import { heldMessages } from '../../rounds/held.ts'
import type { RoundState } from '../../rounds/state.ts'
import type { Amendments } from '../amendments/amendments.ts'
import type { ChainEntry } from '../chain.ts'
import type { DeltaBook } from '../deltas/book.ts'
import type { Evidence } from '../evidence.ts'
import type { ForkProof } from '../fork/link.ts'
import type { Reports } from '../reports/reports.ts'

const MAX_REQUEST_BYTES = 64 * 1024

export interface SyncSource {
  readonly network: CID
  readonly store: ContentStore
  readonly log: Log
  /** Certified bases, from round 1. */
  chain(): readonly ChainEntry[]
  genesisBase(): CID
  /** The round being run; null while there is none. */
  round(): RoundState | null
  reports: Pick<Reports, 'missing'>
  evidence: Pick<Evidence, 'missing'>
  readonly deltas: Pick<DeltaBook, 'of'>
  /** What this network began as, when it is a fork and that is proven here. */
  fork(): ForkProof | null
  amendments: Pick<Amendments, 'missing'>
}

/** Answers one sync request. Another network's, or a malformed one, is answered by nothing. */
export async function* answerSync(request: Uint8Array, source: SyncSource): AsyncGenerator<Uint8Array> {
  try {
    const kind = kindOf(request)
    if (kind === syncHeadRequest.kind) yield* answerHead(request, source)
    else if (kind === syncBasesRequest.kind) yield* answerBases(request, source)
    else if (kind === syncRoundRequest.kind) yield* answerRound(request, source)
    else if (kind === syncApprovalsRequest.kind) yield* answerApprovals(request, source)
    else if (kind === syncReportsRequest.kind) yield* answerReports(request, source)
    else if (kind === syncEvidenceRequest.kind) yield* answerEvidence(request, source)
    else if (kind === syncDeltaRequest.kind) yield* answerDelta(request, source)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    source.log.debug('sync-malformed', { reason: error.reason })
  }
}

function kindOf(request: Uint8Array): unknown {
  const value = decodeCanonical(request, MAX_REQUEST_BYTES)
  return typeof value === 'object' && value !== null && 'kind' in value ? value.kind : null
}

function* answerHead(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network } = syncHeadRequest.decode(request)
  if (!equalCids(network, source.network)) return
  const last = source.chain().at(-1)
  yield syncHead.encode(
    last
      ? { network, round: last.round, base: last.base, certificate: last.certificate }
      : { network, round: 0, base: source.genesisBase(), certificate: null },
  )
}

async function* answerBases(request: Uint8Array, source: SyncSource): AsyncGenerator<Uint8Array> {
  const { network, from, to } = syncBasesRequest.decode(request)
  for (const { round, base, certificate } of entriesOf(network, from, to, source)) {
    const opened = await openBase(base, (cid) => source.store.get(cid))
    if (!opened.lineage) return
    const lineage = await source.store.get(opened.lineage)
    yield syncBase.encode({ network, round, base, lineage, certificate })
  }
}

/** Of our network any; of the one that it is a fork of, the base that it began as. */
function entriesOf(
  network: CID,
  from: number,
  to: number,
  source: SyncSource,
): readonly Pick<ChainEntry, 'round' | 'base' | 'certificate'>[] {
  if (equalCids(network, source.network)) return source.chain().slice(from - 1, Math.min(to, from - 1 + MAX_PAGE))
  const fork = source.fork()
  return fork !== null && equalCids(network, fork.network) && from === fork.round ? [fork] : []
}

function* answerRound(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network, round, have } = syncRoundRequest.decode(request)
  const state = source.round()
  if (!equalCids(network, source.network) || state?.round !== round) return
  const known = new Set(have.map(String))
  for (const { id, message, envelope } of heldMessages(state)) {
    const topic = message.kind === 'contribution/1' ? 'contributions' : 'votes'
    if (!known.has(String(id))) yield syncEnvelope.encode({ topic, envelope })
  }
}

function* answerApprovals(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network, have } = syncApprovalsRequest.decode(request)
  if (!equalCids(network, source.network)) return
  for (const envelope of source.amendments.missing(have)) yield syncApproval.encode({ envelope })
}

function* answerReports(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network, ...range } = syncReportsRequest.decode(request)
  if (!equalCids(network, source.network)) return
  for (const envelope of source.reports.missing(range)) yield syncReport.encode({ envelope })
}

function* answerEvidence(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network, have } = syncEvidenceRequest.decode(request)
  if (!equalCids(network, source.network)) return
  for (const evidence of source.evidence.missing(have)) yield syncEvidence.encode({ evidence })
}

function* answerDelta(request: Uint8Array, source: SyncSource): Generator<Uint8Array> {
  const { network, checkpoint, base } = syncDeltaRequest.decode(request)
  const held = equalCids(network, source.network) ? source.deltas.of(checkpoint, base) : null
  if (held !== null) yield syncDelta.encode({ delta: held.delta, bytes: held.bytes })
}
