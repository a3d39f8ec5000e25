import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { CID } from 'multiformats/cid'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { idOf } from '../../../protocols/wire/codec.ts'
import { MAX_CERTIFICATE_BYTES, MAX_GENESIS_BYTES } from '../../../protocols/wire/limits.ts'
import { readAtMost } from '../../adapters/files/read-at-most.ts'
import { CARD_NAME, LINEAGE_NAME, openBase, SHARED_NAMES, WEIGHTS_NAME } from '../../checkpoint/base.ts'
import { type DirectoryEntry, encodeDirectory, fileTsize } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { type NetworkBefore, withBefore } from '../fork/before.ts'
import { checkFork } from '../fork/check.ts'
import { withFork } from '../fork/report.ts'
import type { VerifyOptions, VerifyReport } from '../types.ts'
import { type BadLink, badLinkOf, type Failure, isBadLink } from './bad-link.ts'
import { differences } from './base-files.ts'
import { readCertificate } from './certificate.ts'
import { CERTIFICATE_SUFFIX, GENESIS_SUFFIX } from './export.ts'
import { openNetwork } from './genesis.ts'
import { createOverlayStore, type OverlayStore } from './overlay-store.ts'
import { readOnlyStore } from './read-only-store.ts'
import { DEFAULT_VERIFY_LEVEL, inspectBase } from './verify.ts'

/** Said of what should lie beside a directory. */
const KEEP = 'coldmesh export writes DIR.genesis.cbor and DIR.certificate.cbor beside DIR: keep the three'
const FILE_NAMES: readonly string[] = [...SHARED_NAMES, WEIGHTS_NAME, CARD_NAME, LINEAGE_NAME]

export interface VerifyDirectoryOptions extends Omit<VerifyOptions, 'fromDir'> {
  /** Where the rounds before may be, and the inputs: a data directory's store, opened for reading. */
  readonly fallback?: ContentStore & { readonly files?: WeightFiles | null }
  /** Used when there is no `DIR.genesis.cbor`. */
  readonly genesisBytes?: Uint8Array
  /** Of the base that the network began as, if it is a fork. */
  readonly forkCertificate?: Uint8Array
  /** The network that it is a fork of. */
  readonly before?: NetworkBefore | null
}

/**
 * Verifies an exported base: the directory's CID is computed from its files, then its history is checked as `verifyBase`
 * does, with `DIR.certificate.cbor` and `DIR.genesis.cbor`. A bad directory is a report, not an error.
 * @throws ColdmeshError `bad-input` when `dir` is no directory, `refused` when it can't be read, `aborted`
 */
export async function verifyDirectory(dir: string, options: VerifyDirectoryOptions = {}): Promise<VerifyReport> {
  const { fallback = null, level = DEFAULT_VERIFY_LEVEL, signal } = options
  const opened = await openDirectory(dir, fallback, signal)
  const { store, base, entries, bad, certificate } = opened
  const genesisBytes = opened.genesisBytes ?? options.genesisBytes ?? null
  const network = genesisBytes === null ? { link: 'genesis', reason: 'missing' } : openNetwork(genesisBytes)
  if (isBadLink(network)) {
    const failures = [{ round: 0, ...network }]
    const id = genesisBytes === null ? '' : String(idOf(genesisBytes))
    const verdict = { valid: false, certified: false, trusted: false, trust: { genesis: null, keys: null } }
    return { base: String(base), network: id, ...verdict, level, sample: null, rounds: [], failures, fork: null }
  }
  const { report, facts } = await inspectBase({
    ...options,
    files: fallback?.files ?? null,
    network,
    store,
    base,
    certificate,
  })
  const reference = referenceOf(facts, certificate, entries)
  const named = reference === null ? [] : await compareWith(reference.base, base, store)
  const round = reference?.round ?? report.rounds[0]?.round ?? 0
  const isUnknown = named.length === 0 && reference?.round === 0 && !equalCids(reference.base, base)
  const own = [...bad, ...named, ...(isUnknown ? [otherDirectory(base, reference.base)] : [])].map((link) => {
    return { round, ...link }
  })
  // what the certified directory says beats what the changed one makes of itself
  const isNamed = named.length > 0 || isUnknown
  const others = isNamed ? report.failures.filter((other) => !isGuess(other, round)) : report.failures
  const checked = { ...report, valid: report.valid && own.length === 0, failures: [...own, ...others] }
  const certificatesOf = () => (options.forkCertificate === undefined ? [] : [options.forkCertificate])
  const known = withBefore({ store: readOnlyStore(store, signal), certificatesOf }, options.before ?? null)
  return withFork(checked, await checkFork(network, known))
}

/** An exported base, as its files are: nothing is checked but what they are. */
export interface ExportedDirectory {
  /** Its files, then whatever is looked for elsewhere. */
  readonly store: OverlayStore
  /** CID that these files make. */
  readonly base: CID
  readonly entries: readonly DirectoryEntry[]
  /** What is no file of a base. */
  readonly bad: readonly BadLink[]
  /** What lies beside it. */
  readonly genesisBytes: Uint8Array | null
  readonly certificate: Uint8Array | null
}

/** @throws ColdmeshError `bad-input` when `dir` is no directory, `refused` when it can't be read, `aborted` */
export async function openDirectory(
  dir: string,
  fallback: ContentStore | null,
  signal?: AbortSignal,
): Promise<ExportedDirectory> {
  const root = resolve(dir)
  const store = createOverlayStore(fallback)
  const { entries, bad } = await readEntries(root, store, signal)
  const node = encodeDirectory(entries)
  await store.put(node.cid, node.block)
  const genesisBytes = await readAtMost(`${root}${GENESIS_SUFFIX}`, { maxBytes: MAX_GENESIS_BYTES, hint: KEEP })
  const certificate = await readAtMost(`${root}${CERTIFICATE_SUFFIX}`, { maxBytes: MAX_CERTIFICATE_BYTES, hint: KEEP })
  return { store, base: node.cid, entries, bad, genesisBytes, certificate }
}

/** Which base the directory should be: the one that a quorum signed, or the genesis' if nothing says otherwise. */
function referenceOf(
  network: NetworkFacts,
  certificate: Uint8Array | null,
  entries: readonly DirectoryEntry[],
): { readonly round: number; readonly base: CID } | null {
  if (certificate !== null) {
    const certified = readCertificate(network, certificate)
    return typeof certified === 'string' ? null : certified
  }
  return entries.some(({ name }) => name === LINEAGE_NAME) ? null : { round: 0, base: network.genesis.base }
}

function otherDirectory(base: CID, expected: CID): BadLink {
  return { link: 'directory', reason: `other-bytes: its files make ${base}, the genesis' base is ${expected}.` }
}

function isGuess({ round, link }: Failure, ofRound: number): boolean {
  const isFile = ['certificate', 'directory', 'lineage', 'weights', 'card'].includes(link) || link.startsWith('file ')
  return round === ofRound && isFile
}

/** Computes the CIDs of the directory's files; what is no file of a base is named and left out. */
async function readEntries(
  root: string,
  store: OverlayStore,
  signal: AbortSignal | undefined,
): Promise<{ entries: readonly DirectoryEntry[]; bad: readonly BadLink[] }> {
  const entries: DirectoryEntry[] = []
  const bad: BadLink[] = []
  try {
    for (const name of (await readdir(root)).sort()) {
      const path = join(root, name)
      const isFile = (await stat(path)).isFile()
      if (!isFile || !FILE_NAMES.includes(name)) {
        bad.push({ link: `file ${name}`, reason: 'It is not a file of a base.' })
        continue
      }
      const { cid, bytes } = await store.addFile(path, signal)
      entries.push({ name, cid, bytes: fileTsize(bytes) })
    }
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new ColdmeshError('bad-input', `${root} is not a directory.`, {
        hint: 'name an exported base',
        cause: error,
      })
    }
    throw code === undefined ? error : diskError(error, 'read', root)
  }
  return { entries, bad }
}

/** The files that are not those of the base that this should be, if that base's node is here and this one made from it. */
async function compareWith(reference: CID, base: CID, store: ContentStore): Promise<readonly BadLink[]> {
  if (equalCids(reference, base)) return []
  try {
    const expected = await openBase(reference, store.get)
    const actual = await openBase(base, store.get)
    // a certificate of another base altogether is the certificate's fault, not every file's
    const isSame = equalCids(actual.card, expected.card) || equalCids(actual.lineage, expected.lineage)
    return isSame ? differences(actual, expected.files) : []
  } catch (error) {
    badLinkOf(error, 'directory') // not here, or not a base any more: what this directory says of itself has to do
    return []
  }
}
