import type { Archive } from '../../../protocols/archive/messages.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { isBadLink } from '../history/bad-link.ts'
import { type Exported, exportContent } from '../history/export.ts'
import { createFileStore, openArchiveFile, readChunks } from './archive-file.ts'
import { ArchiveError, type ArchiveScan, createArchiveScanner } from './scan.ts'
import { readNetwork } from './verify.ts'

/**
 * Writes the base of an archive as its directory, with its certificate and the genesis beside it: what `export --out` writes. The file
 * must be a whole archive; what it says is for `verify`.
 * @throws ColdmeshError `bad-input` for what is no archive, or when OUT is there already, `block-missing` for an archive without weights, `refused`, `aborted`
 */
export async function unpackArchive(
  path: string,
  options: { readonly out: string; readonly signal?: AbortSignal },
): Promise<Exported> {
  await using file = await openArchiveFile(path)
  const scan = await scanFile(file, path, options.signal)
  const { archive, table } = scan
  const store = createFileStore({ file, table }, null)
  const network = await readNetwork(archive.network, store)
  if (isBadLink(network)) throw noArchive(path, `${network.link}: ${network.reason}`)
  requireWeights(archive, path)
  const genesisBytes = await store.get(archive.network)
  return await exportContent({
    ...options,
    network,
    genesisBytes,
    store,
    cid: archive.base,
    certificateOf: () => archive.certificate,
  })
}

async function scanFile(
  file: Parameters<typeof readChunks>[0],
  path: string,
  signal: AbortSignal | undefined,
): Promise<ArchiveScan> {
  const scanner = createArchiveScanner()
  try {
    for await (const chunk of readChunks(file, signal)) scanner.push(chunk)
    return scanner.end()
  } catch (error) {
    throw error instanceof ArchiveError ? noArchive(path, error.message) : error
  }
}

function requireWeights({ contents }: Archive, path: string): void {
  if (contents !== 'lineage') return
  throw new ColdmeshError('block-missing', `${path} has the lineage of its base, and not its files.`, {
    hint: 'ask for an archive with --contents weights or everything',
  })
}

function noArchive(path: string, reason: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} is no archive: ${reason}`, {
    hint: 'coldmesh verify FILE says what is wrong with one; other CAR files are imported without --out',
  })
}
