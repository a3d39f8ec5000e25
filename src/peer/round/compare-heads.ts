import { isColdmeshError } from '../../ports/errors.ts'
import type { PeerContext } from '../context.ts'
import type { Split } from '../split.ts'
import { reportTrouble } from '../troubles.ts'
import { judgeHead } from './catch-up.ts'
import { findSplit, splitOf } from './find-split.ts'
import type { Follower } from './follower.ts'

/** Peers on another chain that are not asked again. */
const MAX_PARTED = 256

/** Asks peers where they are, and finds out who is on another chain. */
export interface HeadComparison {
  /** Tells the follower of a peer that is ahead on our chain. Never throws. */
  compare(peer: string): Promise<void>
  /** Following a peer failed: was it on another chain? Never throws. */
  failed(peer: string, error: unknown): Promise<void>
}

export function createHeadComparison(options: {
  readonly context: PeerContext
  readonly follower: () => Pick<Follower, 'head' | 'hear'>
  readonly onSplit: (split: Split) => Promise<void>
}): HeadComparison {
  const { context, follower } = options
  const parted = new Set<string>()

  async function compare(peer: string): Promise<void> {
    const question = { what: 'sync', which: 'its head', whom: [peer], isRoutine: true }
    const theirs = await context.waits.during(question, () => context.sync.head(peer, context.signal))
    const judged = judgeHead(context, follower().head, theirs)
    if (judged === 'ahead') follower().hear(peer, theirs.round)
    if (judged !== 'parted' || theirs.certificate === null) return
    const shown = splitOf(context, theirs.round, { base: theirs.base, certificate: theirs.certificate })
    await onOtherChain(peer, theirs.round, shown)
  }

  /** Where a peer's chain leaves ours. @returns false when the peer does not prove that it does */
  async function onOtherChain(peer: string, upTo: number, shown: Split | null): Promise<boolean> {
    const found = await findSplit(context, { peer, upTo, signal: context.signal }).catch((error: unknown) => {
      context.log.info('split-not-traced', { peer, error: String(error) })
      return null
    })
    const split = found ?? shown
    if (split === null) return false
    if (parted.size >= MAX_PARTED) parted.clear()
    parted.add(peer)
    await options.onSplit(split)
    return true
  }

  function tell(peer: string, error: unknown): void {
    if (context.signal.aborted) return
    reportTrouble(context.troubles, 'base', error)
    context.log.info('sync-failed', { peer, error: String(error) })
  }

  return {
    compare: async (peer) => {
      if (parted.has(peer)) return
      await compare(peer).catch((error: unknown) => tell(peer, error))
    },
    failed: async (peer, error) => {
      if (isOfOtherChain(error) && (await onOtherChain(peer, follower().head.round, null))) return
      tell(peer, error)
    },
  }
}

/** What follows there follows another base than ours, or by another committee: the two chains may have parted before. */
function isOfOtherChain(error: unknown): boolean {
  if (!isColdmeshError(error, 'not-valid')) return false
  const { reason } = error.facts
  return reason === 'lineage-wrong-parent' || String(reason).startsWith('certificate-')
}
