import { equalCids } from '../../../protocols/wire/bytes.ts'
import { rawCid } from '../../checkpoint/cid.ts'
import { listLeaves } from '../../checkpoint/unixfs.ts'
import { fuseSample } from '../../fusion/sample.ts'
import {
  describe,
  differs,
  failedFusion,
  keptWeights,
  type Reproduction,
  type RoundToReproduce,
} from './fusion-findings.ts'
import { roundFiles } from './round-files.ts'

/**
 * Fuses some leaves again, and reads these alone (`ties/1`: all of the inputs). Norms of `clipped-mean/1` are not computed: its stated factors are taken.
 * @param sample which leaves of so many
 * @throws ColdmeshError `aborted`, by the store's signal
 */
export async function sampleWeights(
  options: RoundToReproduce,
  sample: (leaves: number) => readonly number[],
): Promise<Reproduction> {
  const { layout, store, inputs, weights, stated } = options
  if (inputs.length === 0) return keptWeights(options) ?? { fusion: 'sampled' }
  const files = roundFiles(options)
  const { factors = [] } = stated
  if (files.rule === 'clipped-mean/1' && factors.length !== inputs.length) {
    return differs('lineage', 'It has no factor for each input.')
  }
  try {
    const { leaves, bytes } = await listLeaves(weights, (cid) => store.get(cid), { maxBytes: layout.totalBytes })
    if (bytes !== layout.totalBytes) return differs('weights', `They have ${bytes} bytes, not ${layout.totalBytes}.`)
    const stored = leaves.map(({ cid }) => cid)
    for await (const { window, fused } of fuseSample({ ...files, factors, windows: sample(stored.length) })) {
      const expected = stored[window]
      const cid = rawCid(fused)
      if (expected !== undefined && equalCids(cid, expected)) continue
      const where = await describe({ leaf: window, fused }, stored, options)
      const reason = `Leaf ${window} of the inputs fuses to ${cid}, the base has ${expected}${where === null ? '' : `: ${where}`}.`
      return differs('weights', reason)
    }
    return { fusion: 'sampled' }
  } catch (error) {
    return failedFusion(error, inputs)
  }
}
