import type { CID } from 'multiformats/cid'
import { readFile } from '../checkpoint/unixfs.ts'
import { type Validation, validateCheckpoint } from '../fusion/validate.ts'
import type { PeerContext } from './context.ts'
import { openPaths } from './store/open-path.ts'

/**
 * Checks a checkpoint of the store against its base, as files where they are such: memory's speed, in threads.
 * @param options.parent the weights that a late one was trained from; null: the base's
 * @throws ColdmeshError as `validateCheckpoint`; `block-missing`, `block-corrupt`
 */
export async function validateStored(
  { store, files, engine, facts: { layout } }: Pick<PeerContext, 'store' | 'files' | 'engine' | 'facts'>,
  options: {
    readonly base: CID
    readonly checkpoint: CID
    readonly parent: CID | null
    readonly signal: AbortSignal
  },
): Promise<Validation> {
  const { base, checkpoint, parent, signal } = options
  await using opened = new AsyncDisposableStack()
  const pathOf = openPaths(files, opened)
  const paths = { base: await pathOf(base), checkpoint: await pathOf(checkpoint) }
  const from = parent === null ? null : await pathOf(parent)
  if (paths.base !== null && paths.checkpoint !== null && (parent === null || from !== null)) {
    return await engine.validate({
      ...{ layout, base: paths.base, checkpoint: paths.checkpoint, signal },
      ...(from !== null && { parent: from }),
    })
  }
  const open = (cid: CID) => readFile(cid, (block) => store.get(block), { maxBytes: layout.totalBytes })
  const late = parent === null ? {} : { parent: open(parent) }
  return await validateCheckpoint({ layout, base: open(base), checkpoint: open(checkpoint), ...late })
}
