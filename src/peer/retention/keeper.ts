import type { CID } from 'multiformats/cid'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Retention, SweepPlan } from '../../ports/retention.ts'
import type { Head } from '../../rounds/state.ts'
import type { Chain } from '../chain.ts'
import type { PeerContext } from '../context.ts'
import { neededWeights, type RoundWeights } from './needed-weights.ts'
import { createRecords } from './records.ts'
import type { DroppedWeights, StoreStatus } from './types.ts'
import type { WeightsBook } from './weights-book.ts'
import { askedRounds, type KeepRounds, keptRounds, windowAt } from './window.ts'

/** Says what stays: whoever works with weights pins them meanwhile, and whoever brings some says for which round. */
export interface Keeping extends Pick<Retention, 'pin' | 'pinStored' | 'hold'> {
  /** Before the bytes are here, as far as their name is known. @throws ColdmeshError `refused` (disk) */
  note(round: number, weights: CID): Promise<void>
  /** Inputs of rounds from this one on are kept, and bases from the one before. */
  readonly from: number
}

const RETRY_MS = 15_000

/** Deletes weights of rounds that are kept no longer. */
export interface Keeper {
  readonly keeping: Keeping
  readonly status: StoreStatus
  /** A round begins at this head: what is too old goes, some time soon. Never throws. */
  enter(head: Head): void
  /** Resolves when nothing is being deleted. */
  settled(): Promise<void>
}

interface KeeperContext
  extends Pick<PeerContext, 'network' | 'store' | 'clock' | 'log' | 'events' | 'troubles' | 'signal'> {
  readonly chain: Pick<Chain, 'entries'>
}

export function createKeeper(options: {
  readonly context: KeeperContext
  readonly retention: Retention
  readonly book: WeightsBook
  /** What a user put here. */
  readonly pinned: readonly CID[]
  readonly keepRounds: KeepRounds
  /** Blocks were deleted. */
  readonly onDropped: () => Promise<void>
}): Keeper {
  const { context, retention, book, pinned, keepRounds } = options
  const { network, chain, store, clock, log, events, troubles, signal } = context
  const records = createRecords(context)
  const source = { network: network.id, chain, store }
  let newest: Head | null = null
  let from = 0
  let isDue = false
  let isFirst = true
  let working: Promise<void> = Promise.resolve()
  let dropped: StoreStatus['dropped'] = null
  let freed = { blocks: 0, bytes: 0 }
  let cancelRetry = () => {}

  /** A directory that has no book yet, or lost it: of what is here, the chain tells what it was for. */
  async function noteFirst(head: Head): Promise<void> {
    const isEmpty = isFirst && book.entries.length === 0
    isFirst = false
    if (!isEmpty) return
    for (const entry of await neededWeights(source, { from: 1, to: head.round })) {
      if (await store.has(entry.weights)) await book.note(entry)
    }
  }

  /** What goes at the newest head. What its rounds need is noted first: it goes when they are too old. */
  async function plan(head: Head): Promise<SweepPlan & { readonly entries: readonly RoundWeights[] }> {
    const { takenFrom, ...window } = windowAt(head, keepRounds)
    const needed = await neededWeights(source, { from: window.from, to: head.round })
    await book.note(...needed)
    const staying = new Set(needed.map(({ weights }) => String(weights)))
    const isOld = ({ round, weights }: RoundWeights) => round < takenFrom && !staying.has(String(weights))
    const entries = book.entries.filter(isOld)
    if (entries.length > 0) await records.update()
    const others = book.entries.filter((entry) => !isOld(entry)).map(({ weights }) => weights)
    const keep = [...others, head.base, network.genesis.base, ...pinned]
    return { entries, drop: entries.map(({ weights }) => weights), keep, isKept: records.has }
  }

  async function sweep(head: Head): Promise<void> {
    let entries: readonly RoundWeights[] = []
    const gone: RoundWeights[] = []
    const { isComplete, blocks, bytes } = await retention.sweep({
      plan: async () => {
        const planned = await plan(newest ?? head)
        entries = planned.entries
        return planned
      },
      onGone: async (roots) => {
        const keys = new Set(roots.map(String))
        const left = entries.filter(({ weights }) => keys.has(String(weights)))
        await book.forget(left)
        gone.push(...left)
      },
      signal,
    })
    troubles.over('sweep')
    freed = { blocks: freed.blocks + blocks, bytes: freed.bytes + bytes }
    if (!isComplete) tryAgain(head)
    if (gone.length === 0 || freed.blocks === 0) return
    const rounds = gone.map(({ round }) => round)
    const what: DroppedWeights = { fromRound: Math.min(...rounds), toRound: Math.max(...rounds), ...freed }
    freed = { blocks: 0, bytes: 0 }
    dropped = { ...what, atMs: Math.round(clock.wall()) }
    log.info('dropped', { ...what })
    events.emit({ type: 'dropped', ...what })
    await options.onDropped()
  }

  /** For what was in use. */
  function tryAgain(head: Head): void {
    cancelRetry()
    cancelRetry = clock.after(RETRY_MS, () => {
      if (newest === head) enter(head)
    })
  }

  async function run(): Promise<void> {
    if (!isDue || newest === null || signal.aborted) return
    isDue = false
    try {
      await noteFirst(newest)
      if (keepRounds === 'all') await plan(newest)
      else await sweep(newest)
    } catch (error) {
      if (signal.aborted) return
      log.warn('not-swept', { error: String(error) })
      troubles.report('sweep', error)
    }
  }

  function enter(head: Head): void {
    newest = head
    // Before anything is deleted: what is not kept any more must not be mended meanwhile.
    from = windowAt(head, keepRounds).from
    isDue = true
    working = working.then(run)
  }

  signal.addEventListener('abort', () => cancelRetry(), { once: true })
  return {
    keeping: {
      ...{ pin: retention.pin, pinStored: retention.pinStored, hold: retention.hold },
      note: (round, weights) => book.note({ round, weights }),
      get from() {
        return from
      },
    },
    get status() {
      const kept = newest === null ? 'all' : keptRounds(newest, keepRounds)
      return { ...retention.usage, disk: retention.disk, keepRounds: kept, dropped }
    },
    enter,
    settled: () => working,
  }
}

/** @throws ColdmeshError `bad-input` for fewer rounds than the network asks its members to keep */
export function requireEnoughRounds(head: Head, keepRounds: KeepRounds): void {
  const asked = askedRounds(head)
  if (typeof keepRounds !== 'number' || keepRounds >= asked) return
  throw new ColdmeshError('bad-input', `This network's members keep ${asked} rounds: ${keepRounds} are too few.`, {
    hint: `Keep ${asked} or more, or all: --keep-rounds all. Members change what the network asks for: coldmesh amend --set keepRounds=N.`,
  })
}
