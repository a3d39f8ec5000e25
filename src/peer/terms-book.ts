import type { NetworkFacts } from '../rounds/network.ts'
import { nextRegime, type Regime, regimeOf } from '../rounds/regime.ts'
import type { Chain } from './chain.ts'

/** What is in force in every round that a chain of certified bases reaches. */
export interface TermsBook {
  /** Around the newest base of the chain. */
  readonly regime: Regime
  /** In a round: up to two after the head, and of later ones as far as is known. */
  at(round: number): NetworkFacts
}

/** @param chain certified bases from round 1; may grow meanwhile */
export function createTermsBook(network: NetworkFacts, chain: Pick<Chain, 'entries'>): TermsBook {
  let regime = regimeOf(network)
  let read = 0
  /** Where facts begin to hold, ascending; only rounds in which something changed. */
  const changes: { readonly from: number; readonly facts: NetworkFacts }[] = [{ from: 1, facts: network }]

  function catchUp(): void {
    for (const { round, amendment } of chain.entries.slice(read)) {
      regime = nextRegime(regime, amendment)
      if (amendment !== undefined) changes.push({ from: round + 2, facts: regime.next })
    }
    read = chain.entries.length
  }

  return {
    get regime() {
      catchUp()
      return regime
    },
    at: (round) => {
      catchUp()
      return changes.findLast(({ from }) => from <= round)?.facts ?? network
    },
  }
}
