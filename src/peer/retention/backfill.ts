import type { DiskUse } from '../../ports/retention.ts'
import type { RoundState } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import { maxWeightsBytes } from '../heads.ts'
import { patienceOf } from '../round/patience.ts'
import { pause } from '../round/voice.ts'
import { isFileWhole } from '../store/is-whole.ts'
import { neededWeights, type RoundWeights } from './needed-weights.ts'
import type { BackfilledWeights } from './types.ts'
import { askedRounds } from './window.ts'

const MIN_FETCH_MS = 30_000
const STALL_MS = 15_000
const BEGIN_MS = 2_000
const FIRST_RETRY_MS = 15_000
const LAST_RETRY_MS = 600_000
/** How often is looked whether the round still needs the line for itself. */
const BUSY_MS = 1_000

/**
 * Brings here what the network asks a member to keep and this one lacks, because others decided without it: inputs, and the bases that they
 * were fused into and from. In the background, one file at a time, the newest round first, and no more than there is room for.
 */
export interface Backfill {
  /** A round begins. Never throws. */
  enter(): void
  /** Resolves when nothing is being brought. */
  settled(): Promise<void>
}

type BackfillContext = Pick<
  PeerContext,
  'network' | 'chain' | 'store' | 'keeping' | 'clock' | 'log' | 'events' | 'waits' | 'signal'
>

export function createBackfill(options: {
  readonly context: BackfillContext
  readonly state: () => Pick<RoundState, 'head' | 'self' | 'contributions'>
  readonly disk: () => DiskUse
}): Backfill {
  const { context, state, disk } = options
  const { network, chain, store, keeping, clock, log, events, waits } = context
  const { bytes } = network.genesis
  const source = { network: network.id, chain, store }
  let stopped = new AbortController()
  let working: Promise<void> = Promise.resolve()

  /** The newest round first. */
  async function lacking(): Promise<{ readonly weights: readonly RoundWeights[]; readonly perRound: number }> {
    const { head } = state()
    const from = Math.max(1, head.round - askedRounds(head) + 1)
    const needed = await neededWeights(source, { from, to: head.round })
    const weights = new Map<string, RoundWeights>()
    for (const entry of needed.toReversed()) {
      if (!(await isFileWhole(store, entry.weights, bytes))) weights.set(String(entry.weights), entry)
    }
    const perRound = Math.max(
      0,
      ...Map.groupBy(needed, ({ round }) => round)
        .values()
        .map(({ length }) => length),
    )
    return { weights: [...weights.values()], perRound }
  }

  async function bring({ round, weights }: RoundWeights, tries: number): Promise<void> {
    const { minBytesPerSecond } = state().head.regime.current.terms.round
    await keeping.note(round, weights)
    await store.fetch(weights, {
      ...{ shape: 'file', fileBytes: bytes, maxBytes: maxWeightsBytes(bytes) },
      timeoutMs: patienceOf(tries) * Math.max(MIN_FETCH_MS, Math.ceil((1000 * bytes) / minBytesPerSecond)),
      stallMs: patienceOf(tries) * STALL_MS,
      signal: context.signal,
    })
  }

  /** @param perRound files that a round takes: room for those of the next is left */
  function roomMissing(perRound: number): string | null {
    const { usedBytes, budgetBytes, freeBytes } = disk()
    const wanted = (perRound + 1) * bytes
    if (budgetBytes !== null && budgetBytes - usedBytes < wanted)
      return 'beside the next round the disk budget has no room for it: raise --disk-budget'
    if (freeBytes !== null && freeBytes < wanted) return 'beside the next round the disk has no room for it'
    return null
  }

  /** @returns whether something is still missing, once that was waited with */
  async function bringAll(tries: number, over: AbortSignal): Promise<boolean> {
    const { weights, perRound } = await lacking()
    if (weights.length === 0) return false
    const rounds = weights.map(({ round }) => round)
    const [fromRound, toRound] = [Math.min(...rounds), Math.max(...rounds)]
    const which = `${weights.length} files of rounds ${fromRound} to ${toRound}, to keep`
    using wait = waits.begin({ what: 'backfill', which, isRoutine: true })
    let reason: string | null = null
    let files = 0
    for (const entry of weights) {
      while (isBusy() && !over.aborted) await pause({ clock, signal: over }, BUSY_MS)
      if (over.aborted) break
      const full = roomMissing(perRound)
      reason = full ?? reason
      if (full !== null) break
      try {
        await bring(entry, tries)
        files++
      } catch (error) {
        reason = String(error)
        log.info('not-backfilled', { ...entry, error: reason })
      }
    }
    if (files > 0) tell({ files, bytes: files * bytes, fromRound, toRound })
    if (reason === null || over.aborted) return false
    const delayMs = Math.min(FIRST_RETRY_MS * 2 ** (tries - 1), LAST_RETRY_MS)
    wait.change({ next: clock.now() + delayMs, reason })
    await pause({ clock, signal: over }, delayMs)
    return true
  }

  function tell(what: BackfilledWeights): void {
    log.info('backfilled', { ...what })
    events.emit({ type: 'backfilled', ...what })
  }

  /** What the vote needs goes first. */
  function isBusy(): boolean {
    return state()
      .contributions.values()
      .some((entry) => entry.state === 'fetching')
  }

  async function run(over: AbortSignal): Promise<void> {
    // Who only follows keeps nothing for others.
    if (state().self === null) return
    // Rounds that follow each other at once, as in a catch-up, need nothing of this.
    await pause({ clock, signal: over }, BEGIN_MS)
    try {
      for (let tries = 1; !over.aborted; tries++) if (!(await bringAll(tries, over))) return
    } catch (error) {
      log.warn('backfill-failed', { error: String(error) })
    }
  }

  return {
    enter: () => {
      stopped.abort()
      stopped = new AbortController()
      const over = AbortSignal.any([stopped.signal, context.signal])
      working = working.then(() => run(over))
    },
    settled: () => working,
  }
}
