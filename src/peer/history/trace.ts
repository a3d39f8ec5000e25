import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import type { Failure } from './bad-link.ts'
import { isBadLink } from './bad-link.ts'
import { loadRound } from './load-round.ts'

/** The way from a base back to the genesis: all that is kept of a history while it is checked. */
export interface Trail {
  /** Oldest first. CIDs as text: that takes a fifth of the memory. */
  readonly rounds: readonly { readonly round: number; readonly base: string }[]
  /** Why the way ends before the genesis; null when it reaches it. */
  readonly gap: Failure | null
}

/**
 * Follows the parents of `base`. Rounds go down by one, so it ends after as many steps as the first lineage has rounds.
 * @param options.round the round that the base should be of, for a failure at the very first step
 * @throws ColdmeshError `aborted`, by the store's signal
 */
export async function traceHistory(options: {
  readonly network: Network
  readonly store: ContentStore
  readonly base: CID
  readonly round: number
}): Promise<Trail> {
  const { network, store } = options
  const rounds: { round: number; base: string }[] = []
  const end = (gap: Failure | null): Trail => ({ rounds: rounds.reverse(), gap })
  let base = options.base
  let expected: number | null = null
  while (!equalCids(base, network.genesis.base)) {
    if (expected === 0) {
      const reason = `Round 1 starts from ${base}, the genesis from ${network.genesis.base}.`
      return end({ round: 0, link: 'genesis', reason })
    }
    const loaded = await loadRound(network, store, base)
    if (isBadLink(loaded)) return end({ round: expected ?? options.round, ...loaded })
    if (expected !== null && loaded.round !== expected) {
      const reason = `lineage-wrong-round: it is of round ${loaded.round}, its child of round ${expected + 1}.`
      return end({ round: expected, link: 'lineage', reason })
    }
    rounds.push({ round: loaded.round, base: flatText(base) })
    base = loaded.lineage.parent
    expected = loaded.round - 1
  }
  if (expected === null || expected === 0) return end(null)
  const reason = `lineage-wrong-round: round ${expected + 1} starts from the base of round 0.`
  return end({ round: expected + 1, link: 'lineage', reason })
}

/** Its text in one piece: as it is made, letter by letter, it takes 30 times its length, and a CID holds the block that it was read from. */
export function flatText(cid: CID): string {
  return Buffer.from(String(cid), 'latin1').toString('latin1')
}
