import { isColdmeshError } from '../../ports/errors.ts'
import type { Head } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import { type CheckedBase, entryOf } from '../heads.ts'
import type { Split } from '../split.ts'
import { reportTrouble } from '../troubles.ts'
import { followChain, judgeHead } from './catch-up.ts'
import { findSplit, splitOf } from './find-split.ts'

/** Peers on another chain that are not asked again. */
const MAX_PARTED = 256

/** Follows peers that are ahead, and finds out who is on another chain. */
export interface Follower {
  /** Compares heads with a peer, and goes where it is, if it is ahead on our chain. Never throws. */
  follow(peer: string): Promise<void>
}

export function createFollower(options: {
  readonly context: PeerContext
  readonly head: () => Head
  /** The newest base that was checked, once it and those before it are in the chain file. */
  readonly enter: (checked: CheckedBase) => void
  readonly onSplit: (split: Split) => Promise<void>
}): Follower {
  const { context } = options
  const { waits } = context
  const parted = new Set<string>()

  async function follow(peer: string): Promise<void> {
    const question = { what: 'sync', which: 'its head', whom: [peer], isRoutine: true }
    const theirs = await waits.during(question, () => context.sync.head(peer, context.signal))
    const judged = judgeHead(context, options.head(), theirs)
    if (judged === 'ahead') {
      const which = `rounds ${options.head().round + 1} to ${theirs.round}`
      await waits.during({ what: 'bases', which, whom: [peer] }, () => followTo(peer, theirs.round))
    }
    if (judged === 'parted' && theirs.certificate !== null) {
      const shown = splitOf(context, theirs.round, { base: theirs.base, certificate: theirs.certificate })
      await onOtherChain(peer, theirs.round, shown)
    }
    context.troubles.over('base')
  }

  /** Every base is in the chain file before the next; the round of the newest begins, however far it came. */
  async function followTo(peer: string, round: number): Promise<void> {
    const followed: CheckedBase[] = []
    const head = options.head()
    try {
      for await (const checked of followChain(context, peer, head, round, context.signal)) {
        await context.chain.append(entryOf(checked))
        followed.splice(0, 1, checked)
      }
    } catch (error) {
      if (!isOfOtherChain(error)) throw error
      if (!(await onOtherChain(peer, followed[0]?.head.round ?? head.round, null))) throw error
    } finally {
      for (const checked of followed) options.enter(checked)
    }
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

  return {
    follow: async (peer) => {
      if (parted.has(peer)) return
      try {
        await follow(peer)
      } catch (error) {
        if (context.signal.aborted) return
        reportTrouble(context.troubles, 'base', error)
        context.log.info('sync-failed', { peer, error: String(error) })
      }
    },
  }
}

/** What follows there follows another base than ours, or by another committee: the two chains may have parted before. */
function isOfOtherChain(error: unknown): boolean {
  if (!isColdmeshError(error, 'not-valid')) return false
  const { reason } = error.facts
  return reason === 'lineage-wrong-parent' || String(reason).startsWith('certificate-')
}
