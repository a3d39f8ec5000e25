import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { FusionEngine } from '../../adapters/fusion/engine.ts'
import { rootOf, treeOfDigests } from '../../checkpoint/digest-tree.ts'
import { isColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import { rebasedFrom } from '../../rounds/views.ts'
import { statedRows } from '../builder.ts'
import { openPaths } from '../store/open-path.ts'
import type { RoundToReproduce } from './fusion-findings.ts'
import { falseClipping } from './stated-clipping.ts'

/** What fuses the files of a data directory again, in threads. */
export interface ByFiles {
  readonly files: WeightFiles
  readonly engine: Pick<FusionEngine, 'fuse' | 'digest'>
  readonly signal?: AbortSignal | undefined
}

/**
 * Fuses a round's files again where they all lie here, with every byte compared with its CID first.
 * @returns true when the base is their fusion. False says nothing: what is missing, rotten or different is for whoever reads
 * block after block to find, and to name.
 * @throws ColdmeshError `aborted`
 */
export async function isFusionOfFiles(
  { layout, parent, inputs, weights, stated }: RoundToReproduce,
  { files, engine, signal }: ByFiles,
): Promise<boolean> {
  await using opened = new AsyncDisposableStack()
  const pathOf = openPaths(files, opened)
  const late = inputs.map((input) => rebasedFrom(parent, input))
  const wanted = [parent.weights, ...inputs.map(({ checkpoint }) => checkpoint), ...late.flatMap((cid) => cid ?? [])]
  const paths = new Map<string, string>()
  for (const cid of wanted) {
    const path = paths.get(String(cid)) ?? (await pathOf(cid))
    if (path === null) return false
    paths.set(String(cid), path)
  }
  const at = (cid: CID) => paths.get(String(cid)) ?? ''
  try {
    const names = [...paths.keys()]
    const digests = await engine.digest({ layout, paths: [...paths.values()], signal })
    const areRight = digests.every((digest, i) => String(rootOf(treeOfDigests(digest, layout.totalBytes))) === names[i])
    if (!areRight) return false
    const fused = await engine.fuse({
      ...parent.regime.current.terms.fusion,
      ...{ layout, base: at(parent.weights), inputs: inputs.map(({ checkpoint }) => at(checkpoint)) },
      parents: late.map((cid) => (cid === null ? null : at(cid))),
      rows: inputs.map(statedRows),
      out: null,
      signal,
    })
    const isTold = fused.clipping === null || falseClipping(stated, fused.clipping, inputs) === null
    return isTold && equalCids(rootOf(treeOfDigests(fused.digests, layout.totalBytes)), weights)
  } catch (error) {
    if (isColdmeshError(error, 'aborted') || !isColdmeshError(error)) throw error
    return false
  }
}
