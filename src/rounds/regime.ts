import type { CID } from 'multiformats/cid'
import { judgeGenesis } from '../../protocols/genesis/rules.ts'
import type { AmendableTerms } from '../../protocols/membership/amend.ts'
import { ratification } from '../../protocols/membership/messages.ts'
import {
  type AmendmentView,
  isOpenedAmendment,
  type OpenedAmendment,
  openAmendment,
} from '../../protocols/membership/rules.ts'
import { factsUnder, type Network, type NetworkFacts } from './network.ts'

/**
 * Which terms are in force around a head. An amendment that is embedded in round r holds from round r + 2 on, so that
 * everybody knows a round's committee before the round begins.
 */
export interface Regime {
  /** Of the head's own round: who certified it. */
  readonly own: NetworkFacts
  /** Of the round that begins at the head. */
  readonly current: NetworkFacts
  /** Of the round after that one. */
  readonly next: NetworkFacts
  /** Id of the last amendment that was embedded; null before the first. */
  readonly last: CID | null
}

/** Before any amendment. */
export function regimeOf(network: NetworkFacts): Regime {
  return { own: network, current: network, next: network, last: null }
}

/** One round later. @param embedded the ratification in that round's lineage, which was judged */
export function nextRegime({ current, next, last }: Regime, embedded: Uint8Array | undefined): Regime {
  if (embedded === undefined) return { own: current, current: next, next, last }
  const { amendment } = ratification.decode(embedded)
  // Whether a rollback may name its base was judged with the lineage: it changes no terms.
  const opened = openAmendment(
    amendment,
    amendmentView({ own: current, current, next, last }, () => true),
  )
  if (!isOpenedAmendment(opened)) throw new Error('a lineage that was judged embeds an amendment that holds')
  return { own: current, current: next, next: termsOf(next, opened), last: opened.id }
}

function termsOf(network: Network, { terms }: OpenedAmendment): NetworkFacts {
  return factsUnder(network, terms)
}

/**
 * What judges amendments in the round that begins under this regime: they change what is in force the round after.
 * @param isEarlier whether a rollback may name this base; none by itself
 */
export function amendmentView(
  { current, next, last }: Regime,
  isEarlier: AmendmentView['isEarlier'] = () => false,
): AmendmentView {
  const { id, genesis, quorum } = current
  return {
    network: id,
    last,
    terms: next.terms,
    quorum,
    isMember: current.isMember,
    isEarlier,
    judgeTerms: (terms: AmendableTerms) => judgeGenesis({ ...genesis, ...terms }),
  }
}
