import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import type { SignedContribution } from '../../rounds/state.ts'
import { isBadLink } from './bad-link.ts'
import { type LoadedRound, loadRound } from './load-round.ts'

/** Rounds with inputs between the base that an input was trained from and the base before its round; null when one of them is not here. */
export async function latenessOf(
  network: NetworkFacts,
  store: ContentStore,
  { lineage, round }: LoadedRound,
  input: SignedContribution,
): Promise<number | null> {
  let late = 0
  let base = lineage.parent
  for (let before = round - 1; before >= input.round; before--) {
    const loaded = await loadRound(network, store, base)
    if (isBadLink(loaded)) return null
    if (loaded.lineage.inputs.length > 0) late++
    base = loaded.lineage.parent
  }
  return equalCids(base, input.parent) ? late : null
}
