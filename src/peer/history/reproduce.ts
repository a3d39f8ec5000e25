import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { isRawCid } from '../../checkpoint/cid.ts'
import type { Layout } from '../../checkpoint/layout.ts'
import { importFile, listLeaves } from '../../checkpoint/unixfs.ts'
import { type FuseOptions, fuseCheckpoints } from '../../fusion/fuse.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { type BadLink, badLinkOf } from './bad-link.ts'
import {
  type Difference,
  describe,
  differs,
  failedFusion,
  keptWeights,
  type Reproduction,
  type RoundToReproduce,
} from './fusion-findings.ts'
import { type RoundToFuse, roundFiles } from './round-files.ts'
import { falseClipping } from './stated-clipping.ts'

/**
 * Fuses a round's inputs again and compares the result with the base's weights, leaf by leaf; keeps neither.
 * @throws ColdmeshError `aborted`, by the store's signal
 */
export async function reproduceWeights(options: RoundToReproduce): Promise<Reproduction> {
  const { layout, store, inputs, weights } = options
  if (inputs.length === 0) return keptWeights(options) ?? { fusion: 'reproduced' }
  const stored = await leavesOf(weights, layout, store)
  const found: { first: Difference | null; lie: BadLink | null } = { first: null, lie: null }
  let leaf = 0
  try {
    const { cid } = await importFile(
      fuseCheckpoints({
        ...streamed(options),
        onClipping: (clipping) => {
          found.lie = falseClipping(options.stated, clipping, inputs)
        },
      }),
      (blockCid, block) => {
        if (!isRawCid(blockCid)) return
        const expected = stored[leaf]
        if (found.first === null && expected && !equalCids(expected, blockCid)) {
          found.first = { leaf, fused: new Uint8Array(block) }
        }
        leaf += 1
      },
      { reuseBlocks: true },
    )
    if (found.lie !== null) return { fusion: 'differs', bad: found.lie }
    if (equalCids(cid, weights)) return { fusion: 'reproduced' }
    const where = found.first === null ? null : await describe(found.first, stored, options)
    return differs(
      'weights',
      `The inputs fuse to ${cid}, the base has ${weights}${where === null ? '' : `: ${where}`}.`,
    )
  } catch (error) {
    return failedFusion(error, inputs)
  }
}

function streamed(options: RoundToFuse): FuseOptions {
  const { base, inputs, parents, ...rule } = roundFiles(options)
  return {
    ...rule,
    base: base.open,
    inputs: inputs.map(({ open }) => open),
    parents: parents.map((file) => file?.open ?? null),
  }
}

/** The base's own leaves, for telling where it differs; none when its nodes are not here. */
async function leavesOf(weights: CID, layout: Layout, store: ContentStore): Promise<readonly CID[]> {
  try {
    const { leaves } = await listLeaves(weights, (cid) => store.get(cid), { maxBytes: layout.totalBytes })
    return leaves.map(({ cid }) => cid)
  } catch (error) {
    badLinkOf(error, 'weights') // rethrows an abort; the caller reads the file itself and says what is missing
    return []
  }
}
