import { isOldLayout } from '../adapters/blocks/old-layout.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { paths } from './data-dir.ts'
import { createContentStore } from './store/content-store.ts'

/** What was taken over. */
export interface TakenOver {
  readonly blocks: number
  /** Of weights. */
  readonly files: number
}

export interface TakeOverOptions {
  readonly dataDir: string
  /** Called when there is something to be done: it takes as long as it takes to copy the blocks. */
  readonly onBegin?: () => void
}

/**
 * Brings the blocks of a data directory into the layout of this version; most commands do so by themselves, without saying it. Killed in the
 * middle, it is gone on with the next time.
 * @returns null when they are in it already
 * @throws ColdmeshError `locked`, `refused` (disk)
 */
export async function takeOver({ dataDir, onBegin }: TakeOverOptions): Promise<TakenOver | null> {
  const dir = paths.blocks(dataDir)
  if (!(await isOldLayout(dir))) return null
  await using _lock = await lockDirectory(dataDir)
  onBegin?.()
  await using store = await createContentStore({ dir, node: null, log: nullLog })
  return store.converted
}
