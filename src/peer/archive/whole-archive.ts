import type { CID } from 'multiformats/cid'
import type { Archive } from '../../../protocols/archive/messages.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { isBadLink } from '../history/bad-link.ts'
import { createFileStore, openArchiveFile, readChunks } from './archive-file.ts'
import { ArchiveError, type ArchiveScan, createArchiveScanner } from './scan.ts'
import { readNetwork } from './verify.ts'

/** A whole archive, to read what it has. Its blocks are those of their CIDs; what they say is for `verifyArchive`. */
export interface WholeArchive extends AsyncDisposable {
  /** CID of its `archive/1` object. */
  readonly root: CID
  readonly archive: Archive
  /** Of the first round. */
  readonly network: NetworkFacts
  readonly genesisBytes: Uint8Array
  /** Its blocks, then whatever is looked for elsewhere. */
  readonly store: ContentStore
}

/**
 * Reads an archive once (SPEC 11.1 to 11.3) and leaves its blocks where they are.
 * @param options.fallback where blocks may be that it leaves out
 * @throws ColdmeshError `bad-input` for what is no archive, `refused`, `aborted`
 */
export async function openWholeArchive(
  path: string,
  options: { readonly fallback?: ContentStore | null; readonly signal?: AbortSignal | undefined } = {},
): Promise<WholeArchive> {
  await using cleanup = new AsyncDisposableStack()
  const file = cleanup.use(await openArchiveFile(path))
  const { root, archive, table } = await scanFile(file, path, options.signal)
  const own = createFileStore({ file, table }, null)
  const network = await readNetwork(archive.network, own)
  if (isBadLink(network)) throw noArchive(path, `${network.link}: ${network.reason}`)
  const genesisBytes = await own.get(archive.network)
  const store = createFileStore({ file, table }, options.fallback ?? null)
  const resources = cleanup.move()
  return { root, archive, network, genesisBytes, store, [Symbol.asyncDispose]: () => resources.disposeAsync() }
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

function noArchive(path: string, reason: string): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} is no archive: ${reason}`, {
    hint: 'coldmesh verify FILE says what is wrong with one; other CAR files are imported without --out',
  })
}
