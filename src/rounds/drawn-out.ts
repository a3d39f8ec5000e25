import type { CID } from 'multiformats/cid'
import { compareBytes } from '../../protocols/wire/bytes.ts'
import { lotteryTicket, roundSeed } from '../../protocols/wire/election.ts'

/**
 * True when a round took as many contributions as it may, all by authors whom its lottery put before this one. Members fetch
 * and list in that order, so who is drawn out is often on no list: then this, not an exclusion in the lineage, says why.
 */
export function isDrawnOut(
  round: { readonly network: CID; readonly round: number; readonly maxContributions: number },
  inputs: readonly { readonly author: Uint8Array }[],
  author: Uint8Array,
): boolean {
  if (inputs.length < round.maxContributions) return false
  const seed = roundSeed(round.network, round.round)
  const own = lotteryTicket(author, seed)
  return inputs.every((input) => compareBytes(lotteryTicket(input.author, seed), own) < 0)
}
