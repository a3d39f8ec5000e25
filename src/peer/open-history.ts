import type { CID } from 'multiformats/cid'
import { nullLog } from '../adapters/memory/log.ts'
import { archivedCertificate } from './archive/kept.ts'
import { readChain } from './chain.ts'
import { paths } from './data-dir.ts'
import { readEvidence } from './evidence-file.ts'
import { type NetworkBefore, withBefore } from './fork/before.ts'
import { checkFork } from './fork/check.ts'
import { readForkCertificate } from './fork/record.ts'
import { openGenesis } from './genesis.ts'
import { measureInputs } from './history/effects.ts'
import { createHistory, readCid } from './history/history.ts'
import { readOnlyStore } from './history/read-only-store.ts'
import { readMismatches } from './mismatches.ts'
import { openOfflineDirectory } from './offline-directory.ts'
import { readReports } from './reports/read-reports.ts'
import { readPinned } from './retention/pinned-file.ts'
import { readSplit, splitStatus } from './split.ts'
import { createTermsBook } from './terms-book.ts'
import type { History, MismatchStatus, SplitStatus, VerifyReport } from './types.ts'

/** The head that a data directory knows, without a network. */
export interface OfflineHistory extends History, AsyncDisposable {
  readonly head: { readonly round: number; readonly base: string }
  /** A peer's text. */
  readonly networkName: string
  /**
   * How far each input of a base moved it: the norm of its difference from the base before. Null where the bytes are not here.
   * @throws ColdmeshError `bad-input`, `block-corrupt`, `aborted`
   */
  measure(base: string, options?: { readonly signal?: AbortSignal }): Promise<readonly (number | null)[] | null>
  /** Two certified bases of one round, if this peer ever met them. @throws ColdmeshError `refused` when what is remembered cannot be read */
  split(): Promise<SplitStatus | null>
  /** Proposals that this machine could not reproduce, newest last, at most 8. */
  mismatches(): Promise<readonly MismatchStatus[]>
}

/**
 * Reads a data directory from its files alone, with no network.
 * @throws ColdmeshError `locked` while a daemon runs on it, `bad-input` when it belongs to no network, `block-missing`
 */
export async function openHistory(dataDir: string): Promise<OfflineHistory> {
  await using cleanup = new AsyncDisposableStack()
  const { id, store } = cleanup.use(await openOfflineDirectory(dataDir))
  const chain = await readChain(paths.chain(dataDir))
  const evidence = await readEvidence(dataDir)
  const genesisBytes = await store.get(id)
  const network = openGenesis(id, genesisBytes)
  const last = chain.entries.at(-1)
  const resources = cleanup.move()
  const reports = await readReports(dataDir, network, chain)
  const known = { store: readOnlyStore(store), certificatesOf: () => readForkCertificate(dataDir) }
  const fork = (before: NetworkBefore | null) => checkFork(network, withBefore(known, before))
  const pinned = await readPinned(dataDir, nullLog)
  const archived = (base: CID) => archivedCertificate({ pinned, store, network: id, base })
  const here = { network, genesisBytes, store, files: store.files, chain, evidence }
  const history = createHistory({ ...here, reports, fork, archived })
  return {
    ...history,
    verify: async (base, options) => withDamage(await history.verify(base, options), chain.damage),
    network: String(id),
    networkName: network.genesis.name,
    measure: (base, { signal } = {}) => measureInputs(network, readOnlyStore(store, signal), readCid(base)),
    split: async () => {
      const split = await readSplit(dataDir)
      return split === null ? null : splitStatus(split, createTermsBook(network, chain).known)
    },
    mismatches: () => readMismatches(dataDir),
    head: last ? { round: last.round, base: String(last.base) } : { round: 0, base: String(network.genesis.base) },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

/** A certificate that is missing because its file is damaged is named so. */
function withDamage(report: VerifyReport, damage: string | null): VerifyReport {
  if (damage === null || report.certified) return report
  const failures = report.failures.map((failure) => {
    return failure.link === 'certificate' ? { ...failure, reason: `${failure.reason}: ${damage}` } : failure
  })
  return { ...report, failures }
}
