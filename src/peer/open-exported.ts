import { stat } from 'node:fs/promises'
import { ColdmeshError } from '../ports/errors.ts'
import { readArchiveLog } from './archive/log.ts'
import { openWholeArchive } from './archive/whole-archive.ts'
import { checkFork } from './fork/check.ts'
import type { ForkStatus } from './fork/types.ts'
import { isBadLink } from './history/bad-link.ts'
import { openDirectory } from './history/directory.ts'
import { measureInputs } from './history/effects.ts'
import { openNetwork } from './history/genesis.ts'
import { readCid } from './history/history.ts'
import { readLog } from './history/log.ts'
import { readOnlyStore } from './history/read-only-store.ts'
import type { LogEntry } from './types.ts'

/** What an exported base tells of its rounds: an archive of all, a directory of its own. */
export interface ExportedHistory extends AsyncDisposable {
  readonly network: string
  /** The network's name: a peer's text. */
  readonly networkName: string
  /** CID that its files make, or the one that the archive is of. */
  readonly base: string
  /** Newest first. @throws ColdmeshError `block-missing` where the files end, `not-valid` */
  log(): AsyncIterable<LogEntry>
  /** What the network began as, as far as it is here; null for one that is no fork. */
  fork(): Promise<ForkStatus | null>
  /**
   * How far each input of a base moved it: the norm of its difference from the base before. Null where the bytes are not here.
   * @throws ColdmeshError `bad-input`, `block-corrupt`, `aborted`
   */
  measure(base: string): Promise<readonly (number | null)[] | null>
}

interface Options {
  readonly signal?: AbortSignal
}

/**
 * Reads the history of an exported base: from an archive, or from its directory with `DIR.certificate.cbor` and `DIR.genesis.cbor` beside it.
 * @throws ColdmeshError `bad-input` when it is neither, `refused`, `aborted`
 */
export async function openExported(path: string, options: Options = {}): Promise<ExportedHistory> {
  const found = await stat(path).catch(() => null)
  return found?.isFile() ? await openFile(path, options) : await openFiles(path, options)
}

async function openFile(path: string, { signal }: Options): Promise<ExportedHistory> {
  const opened = await openWholeArchive(path, { signal })
  const { network, archive } = opened
  const store = readOnlyStore(opened.store, signal)
  return {
    network: String(network.id),
    networkName: network.genesis.name,
    base: String(archive.base),
    log: () => readArchiveLog(opened, signal),
    fork: () => checkFork(network, { store, certificatesOf: () => [] }),
    measure: (base) => measureInputs(network, store, readCid(base)),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

async function openFiles(dir: string, { signal }: Options): Promise<ExportedHistory> {
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
    fork: () => checkFork(network, { store, certificatesOf: () => [] }),
    // the inputs of a base are not among its files
    measure: async () => null,
    [Symbol.asyncDispose]: async () => {},
  }
}
