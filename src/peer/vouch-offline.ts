import { readKey } from '../adapters/files/key-file.ts'
import { createSigner } from '../adapters/system/signer.ts'
import { readBaseFacts } from './builder.ts'
import { readChain } from './chain.ts'
import { paths } from './data-dir.ts'
import { openGenesis } from './genesis.ts'
import { readHead } from './heads.ts'
import { openOfflineDirectory } from './offline-directory.ts'
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
  await using directory = await openOfflineDirectory(dataDir)
  const { config, id, store } = directory
  const network = openGenesis(id, await store.get(id))
  const facts = await readBaseFacts(network, store)
  const head = await readHead(network, facts, store, await readChain(paths.chain(dataDir)))
  const signer = createSigner(await readKey(paths.key(dataDir)))
  return vouchFor(options, { network, round: head.round + 1, signer, addresses: config.peers })
}
