import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../protocols/lineage/messages.ts'
import type { NetworkFacts } from './network.ts'
import { nextRegime, regimeOf } from './regime.ts'
import type { Ancestor, Head } from './state.ts'

/** What a head takes of an opened lineage. */
export interface OpenedRound {
  readonly lineage: Pick<Lineage, 'weights' | 'amendment'>
  readonly inputs: readonly { readonly checkpoint: CID }[]
  readonly isEmpty: boolean
  /** Where the round went back to; null where it did not. */
  readonly rollback: { readonly base: CID } | null
}

/** Where round 1 starts: the genesis' base, which needs no certificate. `weights` is the CID of its model.safetensors. */
export function genesisHead(network: NetworkFacts, weights: CID): Head {
  const ancestor: Ancestor = { round: 0, base: network.genesis.base, weights, inputs: [], isEmpty: false }
  return { ...ancestor, certificate: null, history: [ancestor], regime: regimeOf(network) }
}

/** Where the next round starts, once `base` with this lineage is certified. */
export function nextHead(
  head: Head,
  next: { readonly base: CID; readonly opened: OpenedRound; readonly certificate: Uint8Array },
): Head {
  const { lineage, inputs, isEmpty, rollback } = next.opened
  const ancestor: Ancestor = {
    round: head.round + 1,
    base: next.base,
    weights: lineage.weights,
    inputs: inputs.map((input) => input.checkpoint),
    isEmpty,
    ...(rollback === null ? {} : { rolledBackTo: rollback.base }),
  }
  const history = [ancestor, ...head.history].slice(0, head.regime.current.terms.round.historyRounds)
  return { ...ancestor, certificate: next.certificate, history, regime: nextRegime(head.regime, lineage.amendment) }
}
