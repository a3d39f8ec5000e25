import type { FileHandle } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import type { Archive } from '../../../protocols/archive/messages.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { type NetworkBefore, withBefore } from '../fork/before.ts'
import { checkFork } from '../fork/check.ts'
import { withFork } from '../fork/report.ts'
import { type BadLink, badLinkOf, type Failure, isBadLink } from '../history/bad-link.ts'
import { openNetwork } from '../history/genesis.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { DEFAULT_VERIFY_LEVEL, inspectBase } from '../history/verify.ts'
import type { VerifyOptions, VerifyReport } from '../types.ts'
import { createFileStore, openArchiveFile, readChunks } from './archive-file.ts'
import { ARCHIVE_LINK, judgeBlocks, judgeGenesisBlock, judgeStatement } from './judge.ts'
import { ArchiveError, type ArchiveScan, createArchiveScanner } from './scan.ts'
import type { ArchiveReport } from './types.ts'

export interface VerifyArchiveOptions extends Omit<VerifyOptions, 'fromDir'> {
  /** Where blocks may be that the archive leaves out: a data directory's store, opened for reading. */
  readonly fallback?: ContentStore
  /** Of the base that the network began as, if it is a fork. */
  readonly forkCertificate?: Uint8Array
  /** The network that it is a fork of. */
  readonly before?: NetworkBefore | null
}

/**
 * Verifies an archive: the file (SPEC 11), then the history in it, as `verifyBase` does. It is read once from its beginning to its
 * end; then blocks are read where they are. A bad file is a report, not an error.
 * @throws ColdmeshError `bad-input` for what is no file, `refused` when it can't be read, `aborted`
 */
export async function verifyArchiveFile(path: string, options: VerifyArchiveOptions = {}): Promise<ArchiveReport> {
  await using file = await openArchiveFile(path)
  const scanner = createArchiveScanner()
  try {
    for await (const chunk of readChunks(file, options.signal)) scanner.push(chunk)
    return await verifyScanned({ file, scan: scanner.end() }, options)
  } catch (error) {
    if (error instanceof ArchiveError) return noArchive(scanner.archive, error, options)
    throw error
  }
}

/** The same for one that was scanned while it came. @throws ColdmeshError `refused`, `aborted` */
export async function verifyScanned(
  { file, scan }: { readonly file: FileHandle; readonly scan: ArchiveScan },
  options: VerifyArchiveOptions,
): Promise<ArchiveReport> {
  const { signal, fallback = null } = options
  const { root, archive, table } = scan
  const own = readOnlyStore(createFileStore({ file, table }, null), signal)
  const store = createFileStore({ file, table }, fallback)
  const about = {
    root: String(root),
    contents: archive.contents,
    blocks: table.length,
    bytes: (await file.stat()).size,
  }
  const second = judgeGenesisBlock(scan)
  const network = second ?? (await readNetwork(archive.network, own))
  if (isBadLink(network)) return { ...refusal(archive, [{ round: 0, ...network }], options), archive: about }
  const inOrder = await judgeBlocks(scan, network, own)
  const report = await verifyHistory({ archive, network, store, bad: inOrder === null ? [] : [inOrder] }, options)
  return { ...report, archive: about }
}

/** The history that an `archive/1` is of, from blocks that are in `store`. @param history.bad what is known to be wrong with the file */
export async function verifyHistory(
  history: {
    readonly archive: Archive
    readonly network: NetworkFacts
    readonly store: ContentStore
    readonly bad: readonly BadLink[]
  },
  options: VerifyArchiveOptions,
): Promise<VerifyReport> {
  const { archive, network, store } = history
  const { base, certificate } = archive
  const named = await judgeStatement(archive, network, readOnlyStore(store, options.signal))
  const { report } = await inspectBase({ ...options, network, store, base, certificate })
  const own: Failure[] = [...history.bad, ...(named === null ? [] : [named])].map((bad) => ({ round: 0, ...bad }))
  const checked = { ...report, valid: report.valid && own.length === 0, failures: [...own, ...report.failures] }
  const certificatesOf = () => (options.forkCertificate === undefined ? [] : [options.forkCertificate])
  const known = withBefore({ store: readOnlyStore(store, options.signal), certificatesOf }, options.before ?? null)
  return withFork(checked, await checkFork(network, known))
}

export async function readNetwork(id: CID, store: Pick<ContentStore, 'get'>): Promise<NetworkFacts | BadLink> {
  try {
    return openNetwork(await store.get(id))
  } catch (error) {
    return badLinkOf(error, 'genesis')
  }
}

/** @param archive what it says that it is of, as far as it was read */
export function noArchive(archive: Archive | null, error: ArchiveError, options: VerifyOptions): ArchiveReport {
  const failure = { round: 0, link: ARCHIVE_LINK, reason: error.message }
  return { ...refusal(archive, [failure], options), archive: null }
}

/** Of what can't be checked further. */
export function refusal(
  archive: Pick<Archive, 'base' | 'network'> | null,
  failures: readonly Failure[],
  { level = DEFAULT_VERIFY_LEVEL }: Pick<VerifyOptions, 'level'>,
): VerifyReport {
  return {
    base: archive === null ? '' : String(archive.base),
    network: archive === null ? '' : String(archive.network),
    valid: false,
    certified: false,
    trusted: false,
    trust: { genesis: null, keys: null },
    level,
    sample: null,
    rounds: [],
    failures,
    fork: null,
  }
}
