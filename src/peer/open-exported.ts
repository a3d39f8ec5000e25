import { ColdmeshError } from '../ports/errors.ts'
import { isBadLink } from './history/bad-link.ts'
import { openDirectory } from './history/directory.ts'
import { openNetwork } from './history/genesis.ts'
import { readLog } from './history/log.ts'
import type { LogEntry } from './types.ts'

/** What an exported base tells of its own round, and of the rounds before as far as they are here. */
export interface ExportedHistory {
  readonly network: string
  /** The network's name: a peer's text. */
  readonly networkName: string
  /** CID that its files make. */
  readonly base: string
  /** @throws ColdmeshError `block-missing` where the files end, `not-valid` */
  log(): AsyncIterable<LogEntry>
}

/**
 * Reads the history of an exported base from its directory, with `DIR.certificate.cbor` and `DIR.genesis.cbor` beside it.
 * @throws ColdmeshError `bad-input` when it is no such directory
 */
export async function openExported(
  dir: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<ExportedHistory> {
  const { store, base, genesisBytes, certificate } = await openDirectory(dir, null, signal)
  const network = genesisBytes === null ? null : openNetwork(genesisBytes)
  if (network === null || isBadLink(network)) {
    throw new ColdmeshError('bad-input', `There is no genesis beside ${dir}.`, {
      hint: 'Keep DIR.genesis.cbor and DIR.certificate.cbor beside DIR: coldmesh export writes the three.',
    })
  }
  return {
    network: String(network.id),
    networkName: network.genesis.name,
    base: String(base),
    log: () => readLog({ network, store, base, certificate, ...(signal && { signal }) }),
  }
}
