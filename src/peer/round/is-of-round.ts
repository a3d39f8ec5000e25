import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { RoundState } from '../../rounds/state.ts'

/** Whether others wait for this file in the round that runs: a checkpoint that was offered to it, or the weights of its base. */
export function isOfRound(root: CID, { head, contributions }: RoundState): boolean {
  if (equalCids(root, head.weights)) return true
  return contributions.values().some(({ contribution }) => equalCids(root, contribution.checkpoint))
}
