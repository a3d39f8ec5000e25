import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import { isCanonicalCid } from '../../checkpoint/cid.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { WeightFiles } from '../../ports/weight-files.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
import { writeArchive } from '../archive/write.ts'
import type { Chain } from '../chain.ts'
import type { StoredEvidence } from '../evidence-file.ts'
import { evidenceStatus, verifyEvidence } from '../evidence-report.ts'
import { type NetworkBefore, openBefore } from '../fork/before.ts'
import { withFork } from '../fork/report.ts'
import type { ForkStatus } from '../fork/types.ts'
import type { Reports } from '../reports/reports.ts'
import { createTermsBook } from '../terms-book.ts'
import type { History } from '../types.ts'
import { exportContent } from './export.ts'
import { readLog } from './log.ts'
import { verifyBase } from './verify.ts'

/**
 * The history that a store and a chain of certificates hold. Reads what is here, fetches nothing.
 * @param options.chain certified bases, oldest first; may grow meanwhile
 */
export function createHistory(options: {
  readonly network: NetworkFacts
  readonly genesisBytes: Uint8Array
  readonly store: ContentStore
  readonly chain: Pick<Chain, 'entries'>
  /** Where weights are files. */
  readonly files?: WeightFiles | null
  /** Threads that fuse again, where nobody says how many. */
  readonly threads?: number
  readonly reports?: Pick<Reports, 'of'>
  /** May grow meanwhile. */
  readonly evidence?: readonly StoredEvidence[]
  /** What the network began as, also by what the network before has; absent: nothing is known of it. */
  readonly fork?: (before: NetworkBefore | null) => Promise<ForkStatus | null>
  /** Certificate of a base that the chain does not have, from an archive that was imported; absent: there is none. */
  readonly archived?: (base: CID) => Promise<Uint8Array | null>
}): History {
  const {
    network,
    genesisBytes,
    store,
    chain,
    files = null,
    threads,
    reports = NO_REPORTS,
    evidence = [],
    fork = NO_FORK,
    archived = NO_ARCHIVES,
  } = options
  const terms = createTermsBook(network, chain)
  const committees = { id: network.id, factsAt: terms.known }
  const baseOf = (text: string | undefined) =>
    text === undefined ? (chain.entries.at(-1)?.base ?? network.genesis.base) : readCid(text)
  const certificateOf = (base: CID) => chain.entries.find((entry) => equalCids(entry.base, base))?.certificate ?? null
  const certificateFor = async (base: CID) => certificateOf(base) ?? (await archived(base))

  return {
    network: String(network.id),
    evidence: () =>
      evidence.map(({ bytes, seenMs }) => ({ report: verifyEvidence(bytes, { network: committees, seenMs }), bytes })),
    verifyEvidence: (bytes) => verifyEvidence(bytes, { network: committees }),
    log: (text) => {
      const base = baseOf(text)
      const statuses = evidenceStatus(evidence, network.id, terms.known)
      return readLog({
        network,
        termsAt: terms.at,
        store,
        base,
        certificate: certificateOf(base),
        reportsOf: reports.of,
        evidenceOf: (round) => statuses.filter((found) => found.round === round),
      })
    },
    fork: () => fork(null),
    reports: (text) => reports.of(baseOf(text)),
    verify: async (text, { fromDir, ...verifyOptions } = {}) => {
      const base = readCid(text)
      await using before = fromDir === undefined ? null : await openBefore(fromDir)
      // a data directory's owner named its network once, by an invite or a genesis CID
      const isTrustNamed = verifyOptions.trust !== undefined || (verifyOptions.trustKeys ?? []).length > 0
      const report = await verifyBase({
        ...(threads === undefined ? {} : { threads }),
        ...verifyOptions,
        files,
        ...(isTrustNamed ? {} : { trust: String(network.id) }),
        network,
        termsAt: terms.at,
        store,
        base,
        certificate: await certificateFor(base),
      })
      return withFork(report, await fork(before))
    },
    export: async (text, { out }) => {
      const cid = readCid(text)
      const certificate = await certificateFor(cid)
      return await exportContent({ network, genesisBytes, store, cid, out, certificateOf: () => certificate })
    },
    exportArchive: async (text, options) => {
      const base = readCid(text)
      const { contents = 'everything' } = options
      const certificate = await certificateFor(base)
      return await writeArchive({ ...options, contents, network, genesisBytes, store, base, certificate })
    },
  }
}

const NO_REPORTS = { of: () => [] }
const NO_FORK = async () => null
const NO_ARCHIVES = async () => null

/** @throws ColdmeshError `bad-input` */
export function readCid(text: string): CID {
  const cid = parseCid(text)
  if (cid !== null && isCanonicalCid(cid)) return cid
  throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is not the CID of a base or checkpoint.`, {
    hint: 'coldmesh log prints them',
  })
}
