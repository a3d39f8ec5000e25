import type { Archive } from '../../../protocols/archive/messages.ts'
import { judgeArchive, judgeOrder } from '../../../protocols/archive/rules.ts'
import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { ContentStore } from '../../ports/content-store.ts'
import type { Network } from '../../rounds/network.ts'
import { type BadLink, badLinkOf, isBadLink, reasonOf } from '../history/bad-link.ts'
import { loadRound } from '../history/load-round.ts'
import { traceHistory } from '../history/trace.ts'
import { archiveOrder } from './order.ts'
import type { ArchiveScan } from './scan.ts'

export const ARCHIVE_LINK = 'archive'

/** SPEC 11.5. @param store may have more than the archive */
export async function judgeStatement(archive: Archive, network: Network, store: ContentStore): Promise<BadLink | null> {
  const { base } = archive
  const start = network.genesis.base
  const newest = equalCids(base, start) ? null : await loadRound(network, store, base)
  const round = newest === null || isBadLink(newest) ? null : newest.round
  const judged = judgeArchive(archive, { start, round })
  return judged.verdict === 'accept' ? null : { link: ARCHIVE_LINK, reason: reasonOf(judged) }
}

/** SPEC 11.4, of the block that tells all others. */
export function judgeGenesisBlock({ archive, table }: ArchiveScan): BadLink | null {
  const found = table.cidAt(1)
  if (judgeOrder(archive.network, found).verdict === 'accept') return null
  return outOfOrder(`block 1 is ${found ?? 'missing'} where the genesis ${archive.network} should be`)
}

/**
 * SPEC 11.4: the blocks of the file are those of Order. Null also where a history that does not decode tells no order: that is a bad link of the history.
 * @param store the archive alone
 * @throws ColdmeshError `aborted`, `refused`
 */
export async function judgeBlocks(
  { root, archive, table }: ArchiveScan,
  network: Network,
  store: ContentStore,
): Promise<BadLink | null> {
  const { rounds, gap } = await traceHistory({ network, store, base: archive.base, round: archive.round })
  if (gap !== null) return gap.link.startsWith('block ') ? outOfOrder(`${gap.link} is not in it`) : null
  const get = store.get
  let index = 0
  try {
    for await (const { cid, round } of archiveOrder({ root, archive, network, rounds, get })) {
      const found = table.cidAt(index)
      if (judgeOrder(cid, found).verdict !== 'accept') {
        return outOfOrder(`block ${index} is ${found ?? 'missing'} where ${cid} of round ${round} should be`)
      }
      index++
    }
  } catch (error) {
    return badLinkOf(error, ARCHIVE_LINK)
  }
  const further = table.cidAt(index)
  return judgeOrder(null, further).verdict === 'accept'
    ? null
    : outOfOrder(`block ${index}, ${further}, is one too many`)
}

function outOfOrder(detail: string): BadLink {
  return { link: ARCHIVE_LINK, reason: `archive-order: ${detail}` }
}
