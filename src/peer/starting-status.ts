import type { CID } from 'multiformats/cid'
import { toHex } from '../../protocols/wire/bytes.ts'
import type { Config } from '../adapters/config/config.ts'
import type { Mesh } from '../ports/mesh.ts'
import type { StartingStatus } from './status-types.ts'
import type { OpenContentStore } from './store/content-store.ts'
import type { Troubles } from './troubles.ts'
import type { Waits } from './waits.ts'

/** Of a peer that listens, and has not found its network. */
export function startingStatus(parts: {
  readonly network: CID
  readonly config: Config
  readonly key: Uint8Array
  readonly mesh: Mesh
  readonly blocks: Pick<OpenContentStore, 'gateway'>
  readonly waits: Waits
  readonly troubles: Troubles
}): StartingStatus {
  const { network, config, key, mesh, blocks, waits, troubles } = parts
  return {
    ...{ network: String(network), name: config.name, key: toHex(key), peerId: mesh.self },
    ...{ phase: 'starting', multiaddrs: mesh.addresses(), peers: mesh.peers().length, gateway: blocks.gateway },
    ...{ waits: waits.current, troubles: troubles.current },
  }
}
