import { readKey } from '../adapters/files/key-file.ts'
import { lockDirectory } from '../adapters/files/lock.ts'
import { createContentStore } from '../adapters/helia/content-store.ts'
import { nullLog } from '../adapters/memory/log.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { readBaseFacts } from './builder.ts'
import { readChain } from './chain.ts'
import { paths, requireConfig } from './data-dir.ts'
import { openGenesis, parseNetworkCid } from './genesis.ts'
import { readHead } from './heads.ts'
import type { VouchedInvite, VouchOptions } from './types.ts'
import { vouchFor } from './vouch.ts'

/**
 * Vouches with the key of a data directory that no daemon runs on, in the round after its newest base. The invite has
 * the addresses that the directory remembers.
 * @throws ColdmeshError as `vouchFor`; `locked` while a daemon runs on it, `block-missing`
 */
export async function vouchOffline({
  dataDir,
  ...options
}: VouchOptions & { readonly dataDir: string }): Promise<VouchedInvite> {
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
  const network = openGenesis(id, await store.get(id))
  const facts = await readBaseFacts(network, store)
  const head = await readHead(network, facts, store, await readChain(paths.chain(dataDir)))
  const signer = createSigner(await readKey(paths.key(dataDir)))
  return vouchFor(options, { network, round: head.round + 1, signer, addresses: config.peers })
}
