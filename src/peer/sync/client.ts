import type { CID } from 'multiformats/cid'
import {
  MAX_APPROVALS_PAGE,
  MAX_EVIDENCE_PAGE,
  MAX_HAVE,
  MAX_PAGE,
  MAX_REPORTS_PAGE,
  SYNC_PROTOCOL,
  type SyncBase,
  type SyncHead,
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
import { judgeSyncBase, judgeSyncDelta } from '../../../protocols/sync/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { MAX_EVIDENCE_HELD, MAX_FRAME_BYTES, MEBIBYTE } from '../../../protocols/wire/limits.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Streams } from '../../ports/streams.ts'
import type { HeldDelta } from '../deltas/book.ts'
import type { EvidenceSlot } from '../evidence-book.ts'

const HEAD_TIMEOUT_MS = 10_000
/** A checkpoint waits for it. */
const DELTA_TIMEOUT_MS = 5_000
const PAGE_TIMEOUT_MS = 60_000
/** Of bases, while others wait to be asked. */
const BASES_TIMEOUT_MS = 30_000
/** A whole answer: contributions and votes of one round, or a page of lineages. */
const MAX_ROUND_BYTES = 16 * MEBIBYTE
const MAX_ENVELOPES = 4096
const MAX_REPORTS_BYTES = MEBIBYTE
const MAX_EVIDENCE_PAGE_BYTES = 2 * MEBIBYTE
const MAX_APPROVALS_BYTES = 4 * MEBIBYTE

/** Asks one peer. Answers are decoded, not believed: signatures and certificates are the caller's to check. */
export interface SyncClient {
  head(peer: string, signal: AbortSignal): Promise<SyncHead>
  /** From round `from` to `to`, ascending, at most MAX_PAGE. */
  bases(
    peer: string,
    range: { readonly from: number; readonly to?: number },
    signal: AbortSignal,
  ): AsyncIterable<SyncBase>
  /** What the peer holds for the round and we lack. */
  round(
    peer: string,
    round: number,
    have: readonly CID[],
    signal: AbortSignal,
  ): AsyncIterable<{ readonly topic: 'contributions' | 'votes'; readonly envelope: Uint8Array }>
  /** Envelopes of approvals that the peer holds and we lack, at most a page. */
  approvals(peer: string, have: readonly CID[], signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Envelopes of reports that the peer holds about bases of rounds `from` to `to` and we lack, at most a page. */
  reports(
    peer: string,
    range: { readonly from: number; readonly to: number; readonly have: readonly CID[] },
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array>
  /** Evidence that the peer holds of members and rounds that are not among `have`, at most a page. */
  evidence(peer: string, have: readonly EvidenceSlot[], signal: AbortSignal): AsyncIterable<Uint8Array>
  /** A checkpoint as a delta from a base's weights; null when the peer has none. @param wanted.bytes of the checkpoint */
  delta(
    peer: string,
    wanted: { readonly checkpoint: CID; readonly base: CID; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<HeldDelta | null>
}

export function createSyncClient(streams: Streams, network: CID): SyncClient {
  const ask = (peer: string, request: Uint8Array, maxBytes: number, timeoutMs: number, signal: AbortSignal) =>
    streams.request({ peer, protocol: SYNC_PROTOCOL, request, maxBytes, timeoutMs, signal })

  return {
    head: async (peer, signal) => {
      const request = syncHeadRequest.encode({ network })
      for await (const frame of ask(peer, request, MEBIBYTE, HEAD_TIMEOUT_MS, signal)) {
        const head = readFrame(() => syncHead.decode(frame))
        if (equalCids(head.network, network)) return head
      }
      throw new ColdmeshError('unreachable', 'The peer does not know this network.', { facts: { peer } })
    },
    bases: async function* (peer, { from, to = from + MAX_PAGE - 1 }, signal) {
      const request = syncBasesRequest.encode({ network, from, to })
      let next = from
      for await (const frame of ask(peer, request, MAX_PAGE * MAX_FRAME_BYTES, BASES_TIMEOUT_MS, signal)) {
        const base = readFrame(() => syncBase.decode(frame))
        const verdict = judgeSyncBase(base, { network, round: next })
        if (verdict.verdict !== 'accept') throw wrongAnswer(verdict.reason)
        if (next - from >= MAX_PAGE) throw wrongAnswer('more bases than a page')
        next++
        yield base
      }
    },
    round: async function* (peer, round, have, signal) {
      const request = syncRoundRequest.encode({ network, round, have: have.slice(-MAX_HAVE) })
      let envelopes = 0
      for await (const frame of ask(peer, request, MAX_ROUND_BYTES, PAGE_TIMEOUT_MS, signal)) {
        if (++envelopes > MAX_ENVELOPES) throw wrongAnswer('too many messages')
        yield readFrame(() => syncEnvelope.decode(frame))
      }
    },
    approvals: async function* (peer, have, signal) {
      const request = syncApprovalsRequest.encode({ network, have })
      let approvals = 0
      for await (const frame of ask(peer, request, MAX_APPROVALS_BYTES, PAGE_TIMEOUT_MS, signal)) {
        if (++approvals > MAX_APPROVALS_PAGE) throw wrongAnswer('more approvals than a page')
        yield readFrame(() => syncApproval.decode(frame)).envelope
      }
    },
    reports: async function* (peer, { from, to, have }, signal) {
      const request = syncReportsRequest.encode({ network, from, to, have })
      let reports = 0
      for await (const frame of ask(peer, request, MAX_REPORTS_BYTES, PAGE_TIMEOUT_MS, signal)) {
        if (++reports > MAX_REPORTS_PAGE) throw wrongAnswer('more reports than a page')
        yield readFrame(() => syncReport.decode(frame)).envelope
      }
    },
    evidence: async function* (peer, have, signal) {
      const slots = have.slice(0, MAX_EVIDENCE_HELD).map(({ author, round }) => ({ author, round }))
      const request = syncEvidenceRequest.encode({ network, have: slots })
      let pairs = 0
      for await (const frame of ask(peer, request, MAX_EVIDENCE_PAGE_BYTES, PAGE_TIMEOUT_MS, signal)) {
        if (++pairs > MAX_EVIDENCE_PAGE) throw wrongAnswer('more evidence than a page')
        yield readFrame(() => syncEvidence.decode(frame)).evidence
      }
    },
    delta: async (peer, { checkpoint, base, bytes }, signal) => {
      const request = syncDeltaRequest.encode({ network, checkpoint, base })
      for await (const frame of ask(peer, request, syncDelta.maxBytes, DELTA_TIMEOUT_MS, signal)) {
        const offered = readFrame(() => syncDelta.decode(frame))
        const verdict = judgeSyncDelta(offered, { bytes })
        if (verdict.verdict !== 'accept') throw wrongAnswer(verdict.reason)
        return offered
      }
      return null
    },
  }
}

function readFrame<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedError) throw wrongAnswer(error.reason, error)
    throw error
  }
}

function wrongAnswer(reason: string, cause?: unknown): ColdmeshError {
  return new ColdmeshError('not-valid', `A peer answered a sync request wrongly: ${reason}.`, { cause })
}
