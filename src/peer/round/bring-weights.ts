import type { CID } from 'multiformats/cid'
import type { Mesh } from '../../ports/mesh.ts'
import type { Chain } from '../chain.ts'
import type { PeerContext } from '../context.ts'
import { maxWeightsBytes } from '../heads.ts'

/** What of a peer bringing weights needs. */
export interface BringContext extends Pick<PeerContext, 'network' | 'termsAt' | 'store' | 'keeping'> {
  readonly chain: Pick<Chain, 'entries'>
  readonly mesh: Pick<Mesh, 'peers'>
}

const MIN_FETCH_MS = 30_000
const STALL_MS = 15_000

/**
 * Brings a base's weights here from whoever is connected, noted as those of `round` before they come: so they go when it is old.
 * @throws ColdmeshError as `ContentStore.fetch`, `refused` (disk)
 */
export async function bringWeights(
  { network, termsAt, chain, store, keeping, mesh }: BringContext,
  weights: CID,
  { round, signal }: { readonly round: number; readonly signal: AbortSignal },
): Promise<void> {
  const { bytes } = network.genesis
  const { minBytesPerSecond } = termsAt(chain.entries.length + 1).terms.round
  await keeping.note(round, weights)
  await store.fetch(weights, {
    ...{ shape: 'file', fileBytes: bytes, maxBytes: maxWeightsBytes(bytes) },
    providers: mesh.peers().flatMap(({ addresses }) => addresses.slice(0, 1)),
    timeoutMs: Math.max(MIN_FETCH_MS, Math.ceil((1000 * bytes) / minBytesPerSecond)),
    stallMs: STALL_MS,
    signal,
  })
}
