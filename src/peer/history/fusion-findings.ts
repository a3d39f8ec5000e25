import type { CID } from 'multiformats/cid'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import type { RollbackTarget } from '../../../protocols/lineage/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { LEAF_BYTES } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { SignedContribution } from '../../rounds/state.ts'
import { type BadLink, badLinkOf } from './bad-link.ts'
import type { RoundToFuse } from './round-files.ts'
import { describeDifference } from './tensor-difference.ts'

export type Reproduction =
  | { readonly fusion: 'reproduced' | 'sampled' }
  /** Bytes are missing or damaged here: nothing is said about the base. */
  | { readonly fusion: 'unavailable'; readonly bad: BadLink }
  /** The base is not the fusion of its inputs. */
  | { readonly fusion: 'differs'; readonly bad: BadLink }

export interface RoundToReproduce extends RoundToFuse {
  /** The base's own. */
  readonly weights: CID
  /** Where the round went back to; then it has no inputs. */
  readonly rollback: RollbackTarget | null
  /** What its lineage says of the fusion. */
  readonly stated: Lineage['fusion']
}

/** Of a round without inputs. Null when its weights are its parent's, or those of the base that it went back to. */
export function keptWeights({ parent, weights, rollback }: RoundToReproduce): Reproduction | null {
  if (rollback !== null) {
    if (equalCids(rollback.weights, weights)) return null
    return differs('weights', `The round went back to the base ${rollback.base}, and the weights are not that one's.`)
  }
  if (equalCids(parent.weights, weights)) return null
  return differs('weights', 'The round had no inputs, and the weights are not those of its parent.')
}

/** What is missing or rotten here says nothing about the base; what is no input, or can't be fused, does. */
export function failedFusion(error: unknown, inputs: readonly SignedContribution[]): Reproduction {
  const bad = badLinkOf(error, linkOfFusion(error, inputs))
  const isHere = !isColdmeshError(error, 'block-missing') && !isColdmeshError(error, 'block-corrupt')
  const isSayable = isHere && !isColdmeshError(error, 'unsupported')
  return { fusion: isSayable ? 'differs' : 'unavailable', bad }
}

/** The first leaf that the fusion gave otherwise. */
export interface Difference {
  readonly leaf: number
  readonly fused: Uint8Array
}

export function differs(link: string, reason: string): Reproduction {
  return { fusion: 'differs', bad: { link, reason: `differs: ${reason}` } }
}

function linkOfFusion(error: unknown, inputs: readonly SignedContribution[]): string {
  const index = error instanceof ColdmeshError ? error.facts['input'] : undefined
  const input = typeof index === 'number' ? inputs[index] : undefined
  return input === undefined ? 'weights' : `contribution ${input.id}`
}

/** Names the first element that differs; null when that can't be said. */
export async function describe(
  first: Difference,
  leaves: readonly CID[],
  { layout, store }: { readonly layout: Layout; readonly store: ContentStore },
): Promise<string | null> {
  const cid = leaves[first.leaf]
  if (cid === undefined) return null
  try {
    const stored = await store.get(cid)
    return describeDifference(layout, { offset: first.leaf * LEAF_BYTES, fused: first.fused, stored })
  } catch (error) {
    badLinkOf(error, 'weights')
    return null
  }
}
