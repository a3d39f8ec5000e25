import type { CID } from 'multiformats/cid'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { openBase } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Chain } from '../chain.ts'
import { inputsOf } from '../lineage-inputs.ts'

/** A `model.safetensors` that came here for a round. */
export interface RoundWeights {
  readonly round: number
  readonly weights: CID
}

export interface NeededOptions {
  /** Genesis CID. */
  readonly network: CID
  readonly chain: Pick<Chain, 'entries'>
  readonly store: Pick<ContentStore, 'get'>
}

/**
 * Weights that fusing the rounds `from` to `to` again takes: of each its base's and its inputs', those of the base before, and
 * those that late inputs were trained from. Whether they are here is not looked at.
 * @throws ColdmeshError `block-missing`, `block-corrupt`: a record is not here
 */
export async function neededWeights(
  { network, chain, store }: NeededOptions,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly RoundWeights[]> {
  const needed: RoundWeights[] = []
  const get = (cid: CID) => store.get(cid)
  for (const { round, base } of chain.entries.slice(Math.max(0, from - 2), to)) {
    const { weights, lineage } = await openBase(base, get)
    needed.push({ round, weights: weights.cid })
    if (round < from) continue
    if (lineage === null) throw new ColdmeshError('bad-checkpoint', `The base of round ${round} has no lineage.`)
    const read = lineageDeclaration.decode(await get(lineage))
    for (const { message } of inputsOf(read, network)) {
      needed.push({ round, weights: message.checkpoint })
      if (equalCids(message.parent, read.parent)) continue
      needed.push({ round: message.round - 1, weights: (await openBase(message.parent, get)).weights.cid })
    }
  }
  return needed
}
