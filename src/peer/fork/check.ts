import type { CID } from 'multiformats/cid'
import { judgeFork } from '../../../protocols/genesis/rules.ts'
import type { Lineage } from '../../../protocols/lineage/messages.ts'
import { lineage as lineageDeclaration } from '../../../protocols/lineage/messages.ts'
import { type OpenedBase, openBase, withoutHistory } from '../../checkpoint/base.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import { badLinkOf, isBadLink } from '../history/bad-link.ts'
import { openNetwork } from '../history/genesis.ts'
import { inspectBase } from '../history/verify.ts'
import type { VerifyReport } from '../types.ts'
import type { ForkStatus } from './types.ts'

/** What a check asks: blocks, and the one thing that no CID leads to. */
export interface ForkSource {
  readonly store: ContentStore
  /** A certificate of the base, once its network and round are known; null when there is none. */
  certificateOf(base: { readonly network: CID; readonly round: number }): Promise<Uint8Array | null>
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
    return { start, isCertified: isMissing(reason) ? null : false, lineage: null, reason }
  }
}

/** As far as its network's history is here; without all of it, the genesis' committee has to do. */
async function judgeBase(
  base: CID,
  { network: id, round }: Lineage,
  { store, certificateOf }: ForkSource,
): Promise<Pick<Found, 'isCertified' | 'reason'>> {
  let bytes: Uint8Array
  try {
    bytes = await store.get(id)
  } catch (error) {
    return { isCertified: null, reason: badLinkOf(error, 'genesis').reason }
  }
  const network = openNetwork(bytes)
  if (isBadLink(network)) return { isCertified: false, reason: network.reason }
  const certificate = await certificateOf({ network: id, round })
  if (certificate === null) return { isCertified: null, reason: 'no certificate of it is here' }
  const { report } = await inspectBase({ network, store, base, certificate, level: 'signatures' })
  return judgeReport(report)
}

function judgeReport({ failures, certified }: VerifyReport): Pick<Found, 'isCertified' | 'reason'> {
  if (failures.length === 0 && certified) return { isCertified: true, reason: '' }
  // Members may have come and gone since the genesis: without the rounds between, nobody knows who had to certify it.
  const gap = failures.find(({ reason }) => isMissing(reason))
  if (gap !== undefined) return { isCertified: null, reason: sayFailure(gap) }
  const [wrong] = failures
  return { isCertified: false, reason: wrong === undefined ? 'nobody certified it' : sayFailure(wrong) }
}

export function sayFailure({ round, link, reason }: VerifyReport['failures'][number]): string {
  return `round ${round}, ${link}: ${reason}`
}

/** True for what is not here, as opposed to what is wrong. */
export function isMissing(reason: string): boolean {
  return reason.startsWith('block-missing')
}
