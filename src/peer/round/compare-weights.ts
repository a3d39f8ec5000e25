import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { LEAF_BYTES, listLeaves } from '../../checkpoint/unixfs.ts'
import type { PeerContext } from '../context.ts'
import { findDifference, type TensorDifference } from '../history/tensor-difference.ts'

const MAX_BLOCK_BYTES = 2 * 1_048_576
const TIMEOUT_MS = 20_000

/**
 * The first element in which a proposed base's weights differ from our own. Of the proposed ones only the nodes and one leaf are
 * fetched: a few blocks, whatever the size of the model.
 * @returns null when they are equal
 * @throws ColdmeshError `block-missing`, `deadline`, `bad-checkpoint`, `too-large`, `aborted`
 */
export async function compareWeights(
  context: Pick<PeerContext, 'store' | 'facts' | 'signal'>,
  options: { readonly own: CID; readonly proposed: CID; readonly providers: readonly string[] },
): Promise<TensorDifference | null> {
  const { store, facts, signal } = context
  const { own, proposed, providers } = options
  if (equalCids(own, proposed)) return null
  const limits = { maxBytes: facts.layout.totalBytes }
  const fetched = async (cid: CID) => {
    await store.fetch(cid, { shape: 'block', maxBytes: MAX_BLOCK_BYTES, providers, timeoutMs: TIMEOUT_MS, signal })
    return await store.get(cid)
  }
  const ours = await listLeaves(own, (cid) => store.get(cid), limits)
  const theirs = await listLeaves(proposed, fetched, limits)
  const leaf = ours.leaves.findIndex(({ cid }, i) => {
    const other = theirs.leaves[i]
    return other === undefined || !equalCids(cid, other.cid)
  })
  const [mine, other] = [ours.leaves[leaf], theirs.leaves[leaf]]
  if (mine === undefined || other === undefined) return null
  const [fused, stored] = [await store.get(mine.cid), await fetched(other.cid)]
  return findDifference(facts.layout, { offset: leaf * LEAF_BYTES, fused, stored })
}
