import type { CID } from 'multiformats/cid'
import type { WeightFiles } from '../../ports/weight-files.ts'

/** Opens files of weights that stay until `until` is disposed: their paths, or null for what is no whole file here. */
export function openPaths(files: WeightFiles | null, until: AsyncDisposableStack) {
  return async (cid: CID): Promise<string | null> => {
    const file = (await files?.open(cid)) ?? null
    return file === null ? null : until.use(file).path
  }
}
