import type { CID } from 'multiformats/cid'
import { type Archive, archive as archiveDeclaration } from '../../../protocols/archive/messages.ts'
import { openArchive } from '../../../protocols/archive/rules.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { MalformedError } from '../../../protocols/wire/codec.ts'
import { readUrl } from '../../adapters/web/read-url.ts'
import { openBase } from '../../checkpoint/base.ts'
import { isDagPbCid, isRawCid } from '../../checkpoint/cid.ts'
import { decodeDirectory, readFile } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import { isBadLink } from '../history/bad-link.ts'
import { checkSignal } from '../history/read-only-store.ts'
import { readTarget, type Target } from './at-url.ts'
import { ArchiveError, createArchiveScanner } from './scan.ts'
import { openSpool, type Spool } from './spool.ts'
import type { ArchiveReport } from './types.ts'
import { noArchive, readNetwork, refusal, type VerifyArchiveOptions, verifyHistory, verifyScanned } from './verify.ts'
import { createWebStore } from './web-store.ts'

/** 16 GiB: a hundred rounds of a model of 100 MB. */
export const DEFAULT_MAX_WEB_BYTES = 16 * 1024 ** 3

const CAR_ACCEPT = '*/*'

export interface VerifyUrlOptions extends VerifyArchiveOptions {
  /** Of a base that a gateway serves: it does not contain its own. */
  readonly certificate?: Uint8Array
  /** Of all that is fetched. Default 16 GiB. */
  readonly maxBytes?: number
  /** How long a server may be silent. */
  readonly stallMs?: number
}

/**
 * Verifies what a URL leads to: an archive's bytes, or an archive's root or a base at a Trustless Gateway, whose blocks are then fetched
 * as they are needed. What comes is kept in a temporary file, and gone afterwards; the first bad block ends it.
 * @throws ColdmeshError `bad-input` (no URL), `unreachable`, `deadline`, `too-large`, `refused`, `aborted`
 */
export async function verifyUrl(text: string, options: VerifyUrlOptions = {}): Promise<ArchiveReport> {
  const target = readTarget(text)
  await using spool = await openSpool()
  if (target.kind === 'file') return await verifyBody(await bodyOf(target.url, options), spool, options)
  return await verifyContent(target, spool, options)
}

async function verifyContent(
  target: Extract<Target, { kind: 'content' }>,
  spool: Spool,
  options: VerifyUrlOptions,
): Promise<ArchiveReport> {
  const { cid, gateway, url, isAsked } = target
  const { maxBytes = DEFAULT_MAX_WEB_BYTES, signal, stallMs } = options
  await using store = createWebStore({ gateway, spool, maxBytes, signal, stallMs })
  const within = (report: ArchiveReport): ArchiveReport => {
    if (store.excess !== null) throw store.excess
    return report
  }
  try {
    const blocks = withFallback(store, options)
    if (!isDagPbCid(cid) && !isRawCid(cid)) return within(await verifyRoot(cid, blocks, options))
    if (await isDirectory(cid, store)) return within(await verifyAtGateway(cid, blocks, options))
    await using other = await openSpool()
    const body = isAsked ? readFile(cid, store.get, { maxBytes }) : await bodyOf(url, options)
    return await verifyBody(body, other, options)
  } catch (error) {
    if (!isColdmeshError(error, 'block-corrupt')) throw error
    const failure = { round: 0, link: `block ${error.facts['cid']}`, reason: `block-corrupt: ${error.message}` }
    return { ...refusal(null, [failure], options), archive: null }
  }
}

async function isDirectory(cid: CID, store: ContentStore): Promise<boolean> {
  if (!isDagPbCid(cid)) return false
  const block = await store.get(cid)
  try {
    decodeDirectory(block, cid)
    return true
  } catch (error) {
    if (isColdmeshError(error, 'bad-checkpoint')) return false
    throw error
  }
}

async function bodyOf(url: URL, options: VerifyUrlOptions): Promise<AsyncIterable<Uint8Array>> {
  const { maxBytes = DEFAULT_MAX_WEB_BYTES, signal, stallMs } = options
  return (await readUrl(url, { accept: CAR_ACCEPT, maxBytes, signal, stallMs })).body
}

/** An archive, scanned while it comes. */
async function verifyBody(
  body: AsyncIterable<Uint8Array>,
  spool: Spool,
  options: VerifyUrlOptions,
): Promise<ArchiveReport> {
  const scanner = createArchiveScanner()
  try {
    for await (const chunk of body) {
      checkSignal(options.signal)
      scanner.push(chunk)
      await spool.append(chunk)
    }
    return await verifyScanned({ file: spool.file, scan: scanner.end() }, options)
  } catch (error) {
    if (error instanceof ArchiveError) return noArchive(scanner.archive, error, options)
    throw error
  }
}

/** The `archive/1` object that a gateway serves, without the file: its blocks are those that the history needs. */
async function verifyRoot(root: CID, store: ContentStore, options: VerifyUrlOptions): Promise<ArchiveReport> {
  const archive = openArchive(root, await store.get(root))
  if ('verdict' in archive) {
    const reason = archive.verdict === 'accept' ? 'archive-root' : archive.reason
    return noArchive(null, new ArchiveError(reason, ''), options)
  }
  return await verifyFetched(archive, store, options)
}

async function verifyAtGateway(base: CID, store: ContentStore, options: VerifyUrlOptions): Promise<ArchiveReport> {
  const { certificate = null } = options
  const { network, round } = await aboutBase(base, store)
  const block = archiveDeclaration.encode({ network, base, round, certificate, contents: 'everything' })
  return await verifyFetched(archiveDeclaration.decode(block), store, options)
}

async function verifyFetched(archive: Archive, store: ContentStore, options: VerifyUrlOptions): Promise<ArchiveReport> {
  const network = await readNetwork(archive.network, store)
  if (isBadLink(network)) return { ...refusal(archive, [{ round: 0, ...network }], options), archive: null }
  return { ...(await verifyHistory({ archive, network, store, bad: [] }, options)), archive: null }
}

/** What a base says of itself. @throws ColdmeshError `bad-input` for what is no base of a round */
async function aboutBase(base: CID, store: ContentStore): Promise<{ readonly network: CID; readonly round: number }> {
  const hint = 'name the root of an archive, or a base that a round made'
  try {
    const { lineage } = await openBase(base, store.get)
    if (lineage === null) throw new ColdmeshError('bad-input', `${base} names no network: it has no lineage.`, { hint })
    return lineageDeclaration.decode(await store.get(lineage))
  } catch (error) {
    const isNone = error instanceof MalformedError || isColdmeshError(error, 'bad-checkpoint')
    if (isNone)
      throw new ColdmeshError('bad-input', `${base} is neither an archive nor a base.`, { hint, cause: error })
    throw error
  }
}

/** A data directory may have what the gateway lacks. */
function withFallback(store: ContentStore, { fallback }: VerifyUrlOptions): ContentStore {
  if (fallback === undefined) return store
  return {
    ...store,
    get: async (cid) => ((await fallback.has(cid)) ? await fallback.get(cid) : await store.get(cid)),
  }
}
