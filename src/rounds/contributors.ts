import type { Contribution } from '../../protocols/contribution/messages.ts'
import { judgeTerms, type TermsView } from '../../protocols/contribution/rules.ts'
import { judgeVoucher } from '../../protocols/membership/vouchers.ts'
import type { NetworkFacts } from './network.ts'

/** What contributions are judged by in a round whose facts these are, also inside a lineage. */
export function termsView(network: NetworkFacts, round: number): TermsView {
  const { id, genesis, terms, isMember } = network
  return {
    bytes: genesis.bytes,
    contributors: terms.contributors,
    isMember,
    judgeVoucher: (envelope, contributor) => judgeVoucher(envelope, { network: id, round, contributor, isMember }),
  }
}

/** True when a contribution of an earlier round meets the terms of this one: its voucher may have ended meanwhile. */
export function meetsTerms(network: NetworkFacts, round: number, message: Contribution): boolean {
  return judgeTerms(message, termsView(network, round)).verdict === 'accept'
}
