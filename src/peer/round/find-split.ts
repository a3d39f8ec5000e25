import type { SyncBase } from '../../../protocols/sync/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Clock } from '../../ports/system.ts'
import { openNetworkCertificate } from '../../rounds/network.ts'
import type { Chain } from '../chain.ts'
import type { PeerContext } from '../context.ts'
import type { Certified, Split } from '../split.ts'
import type { SyncClient } from '../sync/client.ts'

interface Context extends Pick<PeerContext, 'factsAt'> {
  readonly chain: Pick<Chain, 'entries'>
  readonly sync: Pick<SyncClient, 'bases'>
  readonly clock: Pick<Clock, 'wall'>
}

/**
 * Compares a peer's chain with ours, round by round where they may part, and finds the first that both certified otherwise.
 * In that round the committee is still the same, so the peer's certificate can be judged by ours.
 * @param options.upTo a round of ours in which the peer has another base, or seems to
 * @returns null when the peer does not show a valid certificate: then it proves nothing
 * @throws ColdmeshError `unreachable`, `deadline`, `not-valid` when the peer does not answer rightly
 */
export async function findSplit(
  context: Context,
  options: { readonly peer: string; readonly upTo: number; readonly signal: AbortSignal },
): Promise<Split | null> {
  const { chain } = context
  let [low, high] = [1, options.upTo]
  let first: SyncBase | null = null
  while (low <= high) {
    const round = Math.floor((low + high) / 2)
    const theirs = await baseOf(context, options, round)
    if (theirs === null) return null
    if (equalCids(theirs.base, chain.entries[round - 1]?.base ?? theirs.base)) low = round + 1
    else {
      first = theirs
      high = round - 1
    }
  }
  return first === null ? null : splitOf(context, first.round, first)
}

/** A split, if that certificate holds and is of another base of this round than ours. */
export function splitOf({ chain, factsAt, clock }: Context, round: number, theirs: Certified): Split | null {
  const ours = chain.entries[round - 1]
  const facts = factsAt(round)
  if (ours === undefined || facts === null || equalCids(ours.base, theirs.base)) return null
  const opened = openNetworkCertificate(facts, theirs.certificate)
  if ('verdict' in opened || opened.round !== round || !equalCids(opened.base, theirs.base)) return null
  const { base, certificate } = theirs
  const own = { base: ours.base, certificate: ours.certificate }
  return { round, ours: own, theirs: { base, certificate }, seenMs: Math.round(clock.wall()) }
}

async function baseOf(
  { sync }: Context,
  { peer, signal }: { readonly peer: string; readonly signal: AbortSignal },
  round: number,
): Promise<SyncBase | null> {
  for await (const base of sync.bases(peer, { from: round, to: round }, signal)) return base
  return null
}
