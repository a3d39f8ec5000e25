import type { CID } from 'multiformats/cid'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import { sha256 } from '../../../protocols/wire/crypto.ts'
import { lockDirectory } from '../../adapters/files/lock.ts'
import { nullLog } from '../../adapters/memory/log.ts'
import { openBase, withoutHistory } from '../../checkpoint/base.ts'
import { readFile } from '../../checkpoint/unixfs.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { readLayout } from '../builder.ts'
import { initDataDir, paths, requireConfig } from '../data-dir.ts'
import { openGenesis, parseNetworkCid, requireFree, writeGenesis } from '../genesis.ts'
import { isBadLink, isMissing } from '../history/bad-link.ts'
import { openNetwork } from '../history/genesis.ts'
import { readOnlyStore } from '../history/read-only-store.ts'
import { inspectBase } from '../history/verify.ts'
import { createContentStore, type OpenContentStore } from '../store/content-store.ts'
import { writeWeights } from '../store/write-weights.ts'
import type { VerifyReport } from '../types.ts'
import { checkFork, sayFailure } from './check.ts'
import { writeForkCertificate } from './record.ts'
import { openSource, type Source } from './source.ts'
import type { CreatedFork, ForkOptions } from './types.ts'

/**
 * Starts a network from a certified base of another one, whose committee is lost: the same weights, config and tokenizer,
 * the same rules unless others are given, a new committee. The base is checked first; its lineages, genesis and
 * certificate are kept, so that anybody can check where the new network comes from.
 * @throws ColdmeshError `bad-input`, `not-valid` when the base does not hold, `block-missing`, `locked`, `refused`, `aborted`
 */
export async function createFork({
  of,
  fromDir,
  level = 'full',
  signal,
  ...options
}: ForkOptions): Promise<CreatedFork> {
  const { dataDir } = options
  await initDataDir(dataDir)
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(await lockDirectory(dataDir))
  requireFree(dataDir, await requireConfig(dataDir))
  const store = await createContentStore({ dir: paths.blocks(dataDir), node: null, log: nullLog })
  cleanup.defer(() => store.stop())
  const source = cleanup.use(await openSource(of, fromDir, signal))
  const { base: forkOf, certificate, genesisBytes } = source
  const before = openNetwork(genesisBytes)
  if (isBadLink(before)) throw notValid(forkOf, before.reason)
  const checked = { network: before, store: source.store, base: forkOf, certificate, level }
  const { report, facts } = await inspectBase(signal === undefined ? checked : { ...checked, signal })
  requireCertified(forkOf, report)

  const origin = await copyBase(source, store)
  await keepHistory(source, before, store)
  await writeForkCertificate(dataDir, certificate)
  const named = { ...options, name: options.name ?? before.genesis.name }
  const created = await writeGenesis(named, store, { ...origin, before: { forkOf, terms: facts.terms } })
  const id = parseNetworkCid(created.network)
  const fork = await checkFork(openGenesis(id, await store.get(id)), {
    store: readOnlyStore(store),
    certificatesOf: () => [certificate],
  })
  if (fork === null) throw new Error('a fork says what it is a fork of')
  return { ...created, fork }
}

/** What is wrong refuses it; what is not here (old inputs, or with an export alone the rounds before) does not. */
function requireCertified(base: CID, { certified, failures, rounds }: VerifyReport): void {
  const wrong = failures.find((failure) => !isMissing(failure))
  if (wrong !== undefined) throw notValid(base, sayFailure(wrong))
  if (!certified || rounds.length === 0)
    throw notValid(base, failures[0] ? sayFailure(failures[0]) : 'nobody certified it')
}

function notValid(base: CID, why: string): ColdmeshError {
  return new ColdmeshError('not-valid', `The base ${base} does not hold, so nothing is made from it: ${why}.`, {
    hint: '`coldmesh verify` says more of it. Take another base, or a data directory that has its history (--from-dir).',
  })
}

/** The base without its history, every block of it. */
async function copyBase(
  { base, store: from }: Source,
  to: OpenContentStore,
): Promise<{ base: CID; header: Uint8Array; bytes: number }> {
  const opened = await openBase(base, (cid) => from.get(cid))
  const layout = await readLayout(opened, from)
  for (const { cid, bytes } of [...opened.shared, opened.weights]) {
    const file = readFile(cid, (block) => from.get(block), { maxBytes: bytes })
    const isWeights = equalCids(cid, opened.weights.cid)
    const copied = await writeWeights({ files: isWeights ? to.files : null, store: to }, bytes, file)
    if (!equalCids(copied, cid)) throw new ColdmeshError('bad-checkpoint', `${cid} is not as coldmesh writes files.`)
  }
  const node = withoutHistory(opened)
  await to.put(node.cid, node.block)
  return { base: node.cid, header: sha256(layout.header), bytes: layout.totalBytes }
}

/** Directories, cards and lineages back to the genesis, as far as they are here: kilobytes a round. */
async function keepHistory(source: Source, before: NetworkFacts, to: ContentStore): Promise<void> {
  const copy = async (cid: CID): Promise<Uint8Array> => {
    const block = await source.store.get(cid)
    await to.put(cid, block)
    return block
  }
  await to.put(before.id, source.genesisBytes)
  try {
    for (let base = source.base; ; ) {
      await copy(base)
      const { lineage, card } = await openBase(base, (cid) => to.get(cid))
      if (lineage === null) return
      if (card !== null) await copy(card)
      base = lineageDeclaration.decode(await copy(lineage)).parent
    }
  } catch (error) {
    // An export has the newest of them alone.
    if (!isColdmeshError(error, 'block-missing')) throw error
  }
}
