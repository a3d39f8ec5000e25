import { nullLog } from '../../adapters/memory/log.ts'
import { paths } from '../data-dir.ts'
import { takeOver } from '../take-over.ts'
import { createContentStore, type OpenContentStore } from './content-store.ts'

/**
 * The blocks of a data directory on which a daemon may run: nothing is changed, but for an older layout, which no daemon runs on.
 * @throws ColdmeshError `refused`, `locked`
 */
export async function openToRead(dataDir: string): Promise<OpenContentStore> {
  await takeOver({ dataDir })
  return await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog, onlyReads: true })
}
