import { existsSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import { readConfig } from '../../adapters/config/config.ts'
import { readRecords } from '../../adapters/files/mended-journal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Network } from '../../rounds/network.ts'
import { openWholeArchive } from '../archive/whole-archive.ts'
import { type Chain, readChain } from '../chain.ts'
import { paths, requireConfig } from '../data-dir.ts'
import { openGenesis, parseNetworkCid } from '../genesis.ts'
import { isBadLink } from '../history/bad-link.ts'
import { openDirectory } from '../history/directory.ts'
import { openNetwork } from '../history/genesis.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { createReportBook, type SignedReport } from '../reports/book.ts'
import { createRoundOf } from '../reports/round-of.ts'
import type { OpenContentStore } from '../store/content-store.ts'
import { openToRead } from '../store/open-to-read.ts'
import type { AttestedBase } from './attested-base.ts'
import type { AttestTarget } from './types.ts'

export interface OpenAttested extends AttestedBase, AsyncDisposable {}

interface Options {
  readonly dataDir: string | null
  readonly signal?: AbortSignal | undefined
  /** A directory may also have what is no file of a base, which is then left out; else it is refused. */
  readonly allowsOthers?: boolean
}

/**
 * Opens a base to say something about it; nothing is changed, so a daemon may run on the data directory.
 * @param options.dataDir for a directory, where its history may be, for an archive, what it leaves out; null: nowhere
 * @throws ColdmeshError `bad-input`: no such base, directory, archive or network; `not-valid`: a directory that is no base; `refused`
 */
export async function openAttested(target: AttestTarget, options: Options): Promise<OpenAttested> {
  if ('archive' in target) return await openArchived(target.archive, options)
  return 'directory' in target ? await openFiles(target.directory, options) : await openStored(target.base, options)
}

async function openStored(text: string, { dataDir, signal }: Options): Promise<OpenAttested> {
  const base = parseCid(text)
  if (base === null || dataDir === null) {
    throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is not the CID of a base.`, {
      hint: 'coldmesh log prints them',
    })
  }
  const { network: named } = await requireConfig(dataDir)
  if (named === null) {
    throw new ColdmeshError('bad-input', `${dataDir} belongs to no network yet.`, {
      hint: 'join one first, or name the directory of an exported base',
    })
  }
  await using cleanup = new AsyncDisposableStack()
  const blocks = cleanup.use(await openToRead(dataDir))
  const id = parseNetworkCid(named)
  const network = openGenesis(id, await blocks.get(id))
  const chain = await readChain(paths.chain(dataDir))
  const entry = chain.entries.find((candidate) => equalCids(candidate.base, base))
  if (entry === undefined && !equalCids(base, network.genesis.base)) {
    throw new ColdmeshError('bad-input', `${base} is no certified base that ${dataDir} knows.`, {
      hint: 'coldmesh log prints the CIDs of bases; a checkpoint has no attestations',
    })
  }
  const reports = await reportsOf(base, { dataDir, network, chain })
  const store = readOnlyStore(blocks, signal)
  const resources = cleanup.move()
  const certificate = entry?.certificate ?? null
  return { network, store, base, certificate, reports, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function openArchived(path: string, { dataDir, signal }: Options): Promise<OpenAttested> {
  await using cleanup = new AsyncDisposableStack()
  const fallback = await openFallback(dataDir, cleanup)
  const opened = cleanup.use(await openWholeArchive(path, { fallback, signal }))
  const { network, archive } = opened
  const { base, certificate } = archive
  const reports = await knownReports(base, network, dataDir)
  const store = readOnlyStore(opened.store, signal)
  const resources = cleanup.move()
  return { network, store, base, certificate, reports, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** A data directory's blocks, where there is one. */
async function openFallback(dataDir: string | null, cleanup: AsyncDisposableStack): Promise<OpenContentStore | null> {
  return dataDir !== null && existsSync(paths.blocks(dataDir)) ? cleanup.use(await openToRead(dataDir)) : null
}

async function openFiles(directory: string, { dataDir, signal, allowsOthers }: Options): Promise<OpenAttested> {
  await using cleanup = new AsyncDisposableStack()
  const fallback = await openFallback(dataDir, cleanup)
  const { store, base, bad, genesisBytes, certificate } = await openDirectory(directory, fallback, signal)
  if (bad[0] !== undefined && allowsOthers !== true) {
    throw new ColdmeshError('not-valid', `${directory} is no base as it was exported: ${bad[0].link}.`, {
      hint: 'run coldmesh verify on it',
    })
  }
  const network = genesisBytes === null ? null : openNetwork(genesisBytes)
  if (network === null || isBadLink(network)) {
    throw new ColdmeshError('bad-input', `There is no genesis beside ${directory}, or not a valid one.`, {
      hint: 'coldmesh export writes DIR.genesis.cbor and DIR.certificate.cbor beside DIR: keep the three together',
    })
  }
  const reports = await knownReports(base, network, dataDir)
  const resources = cleanup.move()
  return {
    network,
    store: readOnlyStore(store, signal),
    base,
    certificate,
    reports,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** Evaluations that a data directory of the same network has; none where there is no such directory. */
async function knownReports(base: CID, network: Network, dataDir: string | null): Promise<readonly SignedReport[]> {
  const config = dataDir === null ? null : await readConfig(dataDir)
  if (dataDir === null || config?.network !== String(network.id)) return []
  return await reportsOf(base, { dataDir, network, chain: await readChain(paths.chain(dataDir)) })
}

async function reportsOf(
  base: CID,
  { dataDir, network, chain }: { dataDir: string; network: Network; chain: Pick<Chain, 'entries'> },
): Promise<readonly SignedReport[]> {
  const book = createReportBook({ network: network.id, roundOf: createRoundOf(network.genesis.base, chain) })
  for (const record of await readRecords(paths.reports(dataDir))) book.receive(record)
  return book.of(base)
}
