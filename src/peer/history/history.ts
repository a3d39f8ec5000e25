import type { CID } from 'multiformats/cid'
import { equalCids, parseCid } from '../../../protocols/wire/bytes.ts'
import { isCanonicalCid } from '../../checkpoint/cid.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { NetworkFacts } from '../../rounds/network.ts'
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
  readonly reports?: Pick<Reports, 'of'>
  /** May grow meanwhile. */
  readonly evidence?: readonly StoredEvidence[]
  /** What the network began as, also by what the network before has; absent: nothing is known of it. */
  readonly fork?: (before: NetworkBefore | null) => Promise<ForkStatus | null>
}): History {
  const { network, genesisBytes, store, chain, reports = NO_REPORTS, evidence = [], fork = NO_FORK } = options
  const terms = createTermsBook(network, chain)
  const committees = { id: network.id, factsAt: terms.known }
  const baseOf = (text: string | undefined) =>
    text === undefined ? (chain.entries.at(-1)?.base ?? network.genesis.base) : readCid(text)
  const certificateOf = (base: CID) => chain.entries.find((entry) => equalCids(entry.base, base))?.certificate ?? null

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
      const trust = verifyOptions.trust ?? String(network.id)
      const report = await verifyBase({
        ...verifyOptions,
        trust,
        network,
        termsAt: terms.at,
        store,
        base,
        certificate: certificateOf(base),
      })
      return withFork(report, await fork(before))
    },
    export: async (text, { out }) => {
      return await exportContent({ network, genesisBytes, store, cid: readCid(text), out, certificateOf })
    },
  }
}

const NO_REPORTS = { of: () => [] }
const NO_FORK = async () => null

/** @throws ColdmeshError `bad-input` */
export function readCid(text: string): CID {
  const cid = parseCid(text)
  if (cid !== null && isCanonicalCid(cid)) return cid
  throw new ColdmeshError('bad-input', `${JSON.stringify(text)} is not the CID of a base or checkpoint.`, {
    hint: 'coldmesh log prints them',
  })
}
