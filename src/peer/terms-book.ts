import type { NetworkFacts } from '../rounds/network.ts'
import { nextRegime, type Regime, regimeOf } from '../rounds/regime.ts'
import type { Chain } from './chain.ts'
import type { FactsAt } from './evidence-book.ts'

/** What is in force in every round that a chain of certified bases reaches. */
export interface TermsBook {
  /** Around the newest base of the chain. */
  readonly regime: Regime
  /** In a round: up to two after the head, and of later ones as far as is known. */
  at(round: number): NetworkFacts
  /** The same, and null further ahead: what a round changes is in force two rounds later, so nobody knows who is a member. */
  readonly known: FactsAt
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

  function at(round: number): NetworkFacts {
    catchUp()
    return changes.findLast(({ from }) => from <= round)?.facts ?? network
  }

  return {
    get regime() {
      catchUp()
      return regime
    },
    at,
    known: (round) => (round <= chain.entries.length + 2 ? at(round) : null),
  }
}
