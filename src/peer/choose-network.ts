import type { CID } from 'multiformats/cid'
import { type Invite, parseInvite } from '../../protocols/membership/invite.ts'
import { MalformedError } from '../../protocols/wire/codec.ts'
import type { Config } from '../adapters/config/config.ts'
import { ColdmeshError } from '../ports/errors.ts'
import { writeConfig } from './data-dir.ts'
import { parseNetworkCid } from './genesis.ts'

/** From the options or remembered; a data directory belongs to one network. @throws ColdmeshError `bad-input` */
export function chooseNetwork(given: string | undefined, config: Config): Invite {
  if (given === undefined) {
    if (config.network !== null) return { network: parseNetworkCid(config.network), addresses: [] }
    throw new ColdmeshError('bad-input', 'This data directory belongs to no network yet.', {
      hint: 'Give an invite with --network, or start a network: coldmesh genesis.',
    })
  }
  const chosen = readNetwork(given)
  if (config.network !== null && config.network !== String(chosen.network)) {
    throw new ColdmeshError('bad-input', `This data directory belongs to another network, ${config.network}.`, {
      hint: 'Name another data directory with --dir. A network is its genesis CID: one of the same name is another.',
    })
  }
  return chosen
}

function readNetwork(given: string): Invite {
  if (!given.trim().startsWith('coldmesh1')) return { network: parseNetworkCid(given), addresses: [] }
  try {
    return parseInvite(given)
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    throw new ColdmeshError('bad-input', `The invite is damaged: ${error.message}.`, {
      cause: error,
      hint: 'Copy it again, whole, or ask for a fresh one.',
    })
  }
}

/** The network and who was seen of it, for the next start. */
export async function remember(
  dataDir: string,
  config: Config,
  network: CID,
  addresses: readonly string[],
): Promise<void> {
  const peers = [...new Set([...config.peers, ...addresses])].slice(-32)
  if (config.network === String(network) && peers.length === config.peers.length) return
  await writeConfig(dataDir, { ...config, network: String(network), peers })
}
