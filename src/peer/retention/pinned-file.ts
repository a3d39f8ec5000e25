import { existsSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import { nullLog } from '../../adapters/memory/log.ts'
import type { Log } from '../../ports/system.ts'
import { paths } from '../data-dir.ts'
import { openDispensable } from '../dispensable-file.ts'

/** What somebody put into a data directory by hand, such as a model by `import`: it stays, whatever rounds come and go. */
export async function pinForEver(dataDir: string, root: CID): Promise<void> {
  const file = await openDispensable(paths.pinned(dataDir), 'pinned', nullLog)
  try {
    if (!file.records.some((record) => Buffer.from(root.bytes).equals(record))) await file.append(root.bytes)
  } finally {
    await file.close()
  }
}

export async function readPinned(dataDir: string, log: Log): Promise<CID[]> {
  if (!existsSync(paths.pinned(dataDir))) return []
  const file = await openDispensable(paths.pinned(dataDir), 'pinned', log)
  await file.close()
  return file.records.map((record) => CID.decode(record))
}
