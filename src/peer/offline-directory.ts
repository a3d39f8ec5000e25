import type { CID } from 'multiformats/cid'
import type { Config } from '../adapters/config/config.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { paths, requireConfig } from './data-dir.ts'
import { parseNetworkCid } from './genesis.ts'
import { createContentStore, type OpenContentStore } from './store/content-store.ts'

/** A data directory that belongs to a network, locked, with its blocks and no network. */
export interface OfflineDirectory extends AsyncDisposable {
  readonly config: Config
  /** Genesis CID. */
  readonly id: CID
  readonly store: OpenContentStore
}

/** @throws ColdmeshError `locked` while a daemon runs on it, `bad-input` when it belongs to no network */
export async function openOfflineDirectory(dataDir: string): Promise<OfflineDirectory> {
  const config = await requireConfig(dataDir)
  if (config.network === null) {
    throw new ColdmeshError('bad-input', `${dataDir} belongs to no network yet.`, {
      hint: 'Join one first: coldmesh join INVITE, or coldmesh daemon --network INVITE.',
    })
  }
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(await lockDirectory(dataDir))
  const store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
  cleanup.defer(() => store.stop())
  const id = parseNetworkCid(config.network)
  const resources = cleanup.move()
  return { config, id, store, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
