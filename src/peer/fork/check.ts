import type { CID } from 'multiformats/cid'
import { judgeFork } from '../../../protocols/genesis/rules.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { type OpenedBase, openBase, withoutHistory } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import { badLinkOf, isBadLink, isMissing } from '../history/bad-link.ts'
import { judgeCertificate } from '../history/certificate.ts'
import { openNetwork } from '../history/genesis.ts'
import { inspectBase } from '../history/verify.ts'
import type { VerifyReport } from '../types.ts'
import type { ForkStatus } from './types.ts'

/** What a check asks: blocks, and the one thing that no CID leads to. */
export interface ForkSource {
  readonly store: ContentStore
  /** What may be certificates of the base, once its network and round are known; asked for one after the other. */
  certificatesOf(base: {
    readonly network: CID
    readonly round: number
  }): AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** Says whether a network is the fork that its genesis says (genesis, 2.7-2.9); null for one that says nothing of the kind. */
export async function checkFork({ genesis }: Network, source: ForkSource): Promise<ForkStatus | null> {
  const { forkOf } = genesis
  if (forkOf === null) return null
  const found = await findFork(forkOf, source)
  const { start, isCertified, lineage } = found
  const verdict = judgeFork(genesis, { start, isCertified })
  const state = { accept: 'verified', ignore: 'unchecked', reject: 'not-valid' } as const
  return {
    of: String(forkOf),
    network: lineage === null ? null : String(lineage.network),
    round: lineage?.round ?? null,
    state: state[verdict.verdict],
    reason:
      verdict.verdict === 'accept' ? null : [verdict.reason, found.reason].filter((part) => part !== '').join(': '),
  }
}

interface Found {
  readonly start: CID | null
  readonly isCertified: boolean | null
  readonly lineage: Lineage | null
  readonly reason: string
}

async function findFork(base: CID, source: ForkSource): Promise<Found> {
  const get = (cid: CID) => source.store.get(cid)
  let opened: OpenedBase
  try {
    opened = await openBase(base, get)
  } catch (error) {
    return { start: null, isCertified: null, lineage: null, reason: badLinkOf(error, 'directory').reason }
  }
  const start = withoutHistory(opened).cid
  if (opened.lineage === null) {
    return { start, isCertified: false, lineage: null, reason: 'it has no lineage.cbor, so no round made it' }
  }
  try {
    const lineage = lineageDeclaration.decode(await get(opened.lineage))
    return { start, lineage, ...(await judgeBase(base, lineage, source)) }
  } catch (error) {
    const { reason } = badLinkOf(error, 'lineage')
    return { start, isCertified: isMissing({ reason }) ? null : false, lineage: null, reason }
  }
}

/** Its lineages back to its genesis, which CIDs lead to; then a certificate, which anybody may have made up. */
async function judgeBase(
  base: CID,
  { network: id, round }: Lineage,
  { store, certificatesOf }: ForkSource,
): Promise<Pick<Found, 'isCertified' | 'reason'>> {
  let bytes: Uint8Array
  try {
    bytes = await store.get(id)
  } catch (error) {
    return { isCertified: null, reason: badLinkOf(error, 'genesis').reason }
  }
  const network = openNetwork(bytes)
  if (isBadLink(network)) return { isCertified: false, reason: network.reason }
  const inspect = (certificate: Uint8Array | null) =>
    inspectBase({ network, store, base, certificate, level: 'signatures' })
  const { report, facts } = await inspect(null)
  const history = judgeHistory(report, round)
  if (history !== null) return history
  for await (const certificate of certificatesOf({ network: id, round })) {
    if (!judgeCertificate(facts, certificate, { round, base }).isCertified) continue
    const [wrong] = (await inspect(certificate)).report.failures
    return { isCertified: wrong === undefined, reason: wrong === undefined ? '' : sayFailure(wrong) }
  }
  return { isCertified: null, reason: 'no certificate of it that holds is here' }
}

/** What everything but its own certificate says; null when that is all that is left to see. */
function judgeHistory({ failures }: VerifyReport, ofRound: number): Pick<Found, 'isCertified' | 'reason'> | null {
  // Members may have come and gone since the genesis: without the rounds between, nobody knows who had to certify it.
  const gap = failures.find(isMissing)
  if (gap !== undefined) return { isCertified: null, reason: sayFailure(gap) }
  const wrong = failures.find(({ round, link }) => round !== ofRound || link !== 'certificate')
  return wrong === undefined ? null : { isCertified: false, reason: sayFailure(wrong) }
}

export function sayFailure({ round, link, reason }: VerifyReport['failures'][number]): string {
  return `round ${round}, ${link}: ${reason}`
}
