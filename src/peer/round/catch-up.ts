import type { CID } from 'multiformats/cid'
import type { SyncHead } from '../../../protocols/sync/messages.ts'
import { judgeSyncHead } from '../../../protocols/sync/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { rawCid } from '../../../protocols/wire/codec.ts'
import { openBase, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { openNetworkCertificate } from '../../rounds/network.ts'
import type { Head, RoundState } from '../../rounds/state.ts'
import { parentOf } from '../../rounds/views.ts'
import type { PeerContext } from '../context.ts'
import { maxBaseBytes } from '../heads.ts'
import { patienceOf } from './patience.ts'

const MIN_FETCH_MS = 30_000
const STALL_MS = 15_000

/** What of a peer a catch-up needs. */
export type CatchUpContext = Pick<
  PeerContext,
  | 'network'
  | 'termsAt'
  | 'facts'
  | 'store'
  | 'chain'
  | 'keeping'
  | 'mesh'
  | 'sync'
  | 'clock'
  | 'log'
  | 'events'
  | 'troubles'
  | 'waits'
  | 'signal'
>

/**
 * Brings a whole certified base here: directory, card, lineage, weights. What is here already costs nothing.
 * @param tries which try for this base it is, from 1: each is more patient than the one before
 */
export async function fetchBase(
  context: CatchUpContext,
  base: CID,
  { providers = [], tries = 1, signal }: { providers?: readonly string[]; tries?: number; signal: AbortSignal },
): Promise<void> {
  const { network, store, chain } = context
  const { bytes } = network.genesis
  const { round } = context.termsAt(chain.entries.length + 1).terms
  const patience = patienceOf(tries)
  await store.fetch(base, {
    shape: 'directory',
    maxBytes: maxBaseBytes(network),
    providers,
    timeoutMs: patience * Math.max(MIN_FETCH_MS, Math.ceil((1000 * bytes) / round.minBytesPerSecond)),
    stallMs: patience * STALL_MS,
    signal,
  })
}

/**
 * Brings the weights here that late contributions to the next round may have been trained from. Who ran the rounds since has
 * them. What nobody gives now is asked for again when a contribution needs it.
 */
export async function fetchParents(
  context: PeerContext,
  { head, self }: Pick<RoundState, 'head' | 'self'>,
  signal: AbortSignal,
): Promise<void> {
  const { maxStaleness } = head.regime.current.terms.round
  // Who only follows validates nothing.
  if (maxStaleness === 0 || self === null) return
  for (const { base, round } of head.history) {
    if (signal.aborted || parentOf(head, base, round + 1) === null) return
    try {
      await fetchBase(context, base, { signal })
    } catch (error) {
      context.log.info('parent-not-had', { round, base, error: String(error) })
    }
  }
}

/** Everything of a base but its weights: enough to check its signatures for ever. */
export async function fetchRecord(
  context: Pick<CatchUpContext, 'store'>,
  base: CID,
  lineage: Uint8Array,
  providers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { store } = context
  const limits = { providers, timeoutMs: MIN_FETCH_MS, signal }
  await store.put(rawCid(lineage), lineage)
  await store.fetch(base, { shape: 'block', maxBytes: 64 * 1024, ...limits })
  const { files } = await openBase(base, (cid) => store.get(cid))
  for (const file of files.filter(({ name }) => name !== WEIGHTS_NAME)) {
    await store.fetch(file.cid, { shape: 'file', fileBytes: file.bytes, maxBytes: file.tsize, ...limits })
  }
}

/**
 * What a peer says its head is. `ahead`: it is newer than ours and its certificate holds. `parted`: it is certified, of a round
 * that we know, and not the base that we have of it: more members lied than the quorum allows for.
 * @throws ColdmeshError `not-valid` for a certificate that does not hold
 */
export function judgeHead(context: PeerContext, ours: Head, head: SyncHead): 'ahead' | 'not-ahead' | 'parted' {
  const known = head.round === 0 ? context.network.genesis.base : context.chain.entries[head.round - 1]?.base
  if (known !== undefined && equalCids(known, head.base)) return 'not-ahead'
  const { network } = context
  // Further ahead the committee may have changed since: then each step of the way is judged, not the goal.
  if (head.round > ours.round + 2) return 'ahead'
  const facts = context.termsAt(head.round)
  const openCertificate = (bytes: Uint8Array) => openNetworkCertificate(facts, bytes)
  const verdict = judgeSyncHead(head, { network: network.id, openCertificate })
  if (verdict.verdict === 'ignore') return 'not-ahead'
  if (verdict.verdict === 'reject') {
    throw new ColdmeshError('not-valid', 'A peer states a head whose certificate does not hold.', {
      facts: { reason: verdict.reason },
    })
  }
  return head.round > ours.round ? 'ahead' : 'parted'
}
