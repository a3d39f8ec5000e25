import { ColdmeshError, isColdmeshError } from '../../ports/errors.ts'
import type { Head } from '../../rounds/state.ts'
import type { CheckedBase } from '../heads.ts'
import { isWhole } from '../store/is-whole.ts'
import { readPage } from '../sync/page.ts'
import { isOwnTrouble } from '../troubles.ts'
import type { CatchUp } from '../types.ts'
import { type CatchUpContext, fetchBase } from './catch-up.ts'
import { createNeighbours } from './neighbours.ts'
import { storePage } from './store-page.ts'

/** Fewer are had before anybody reads that they are missing. */
const MIN_TOLD_ROUNDS = 8

/** Brings the chain up to what neighbours have, round by round, each judged by the committee in force. */
export interface Follower {
  /** The newest base that is checked and in the chain file; ahead of the round that runs while its weights are not here. */
  readonly head: Head
  readonly progress: CatchUp | null
  /** A peer says that its head is of this round. */
  hear(peer: string, round: number): void
  /** Follows those who are ahead, one after the other, until nobody is. One at a time; never throws. */
  run(): Promise<void>
  /** Stops waiting for a peer: the base of this round is known. */
  interrupt(): void
  /** The round that runs has begun at a base that is whole. */
  entered(): void
}

export function createFollower(options: {
  readonly context: CatchUpContext
  /** Where the round that runs began. */
  readonly current: () => Head
  /** The newest base, once all of it is here. */
  readonly enter: (checked: CheckedBase) => void
  /** Bases in a row, checked and stored. */
  readonly onFollowed: (bases: readonly CheckedBase[]) => Promise<void>
  readonly onError: (peer: string, error: unknown) => Promise<void>
}): Follower {
  const { context, current, onError } = options
  const { clock, events, log, mesh, sync } = context
  const neighbours = createNeighbours()
  let tip: CheckedBase | null = null
  let isKnownWhole = current().round === 0
  let progress: CatchUp | null = null
  let waiting = new AbortController()
  let weights = new AbortController()
  /** For the weights of the head as it is now. */
  let weightTries = 0

  const head = () => tip?.head ?? current()

  function note(peer: string, began: { readonly round: number; readonly atMs: number }): void {
    const { round } = head()
    const seconds = Math.max(0.001, (clock.now() - began.atMs) / 1000)
    const roundsPerSecond = Math.round((10 * (round - began.round)) / seconds) / 10
    const of = Math.max(round, neighbours.roundOf(peer))
    progress = { round, of, peer, roundsPerSecond, sinceMs: Math.round(clock.wall() - 1000 * seconds) }
    log.info('catching-up', { ...progress })
    if (of - began.round >= MIN_TOLD_ROUNDS) events.emit({ type: 'catching-up', ...progress })
  }

  /** Takes pages of one peer's chain until it has no more. @throws what the peer did wrong, after what came before it is stored */
  async function follow(peer: string): Promise<void> {
    const began = { round: head().round, atMs: clock.now() }
    const which = `rounds ${began.round + 1} to ${neighbours.roundOf(peer)}`
    using _ = context.waits.begin({ what: 'bases', which, whom: [peer] })
    for (;;) {
      const page = await readPage(sync, peer, head().round + 1, waiting.signal)
      const { taken, error } = await storePage(context, peer, head(), page.bases, context.signal)
      tip = taken.at(-1) ?? tip
      if (taken.length > 0) {
        weightTries = 0
        note(peer, began)
        await options.onFollowed(taken)
      }
      if (error !== null) throw error
      if (page.error !== null) throw page.error
      if (page.isLast && head().round >= neighbours.roundOf(peer)) return
      if (page.bases.length === 0) throw claimsMore(peer, neighbours.roundOf(peer))
      neighbours.gave(peer)
    }
  }

  /** @returns false when our own disk refuses: another peer would not help */
  async function tryPeer(peer: string): Promise<boolean> {
    try {
      await follow(peer)
      neighbours.gave(peer)
      return true
    } catch (error) {
      if (context.signal.aborted || waiting.signal.aborted) return false
      await onError(peer, error)
      if (isOwnTrouble(error)) return false
      neighbours.failed(peer, isColdmeshError(error, 'not-valid'), clock.now())
      return true
    }
  }

  async function fetchWeights(): Promise<void> {
    const { base, round } = head()
    if (tip === null) {
      if (isKnownWhole) return
      isKnownWhole = await isWhole(context.store, base)
      if (isKnownWhole) return
    }
    const addresses = mesh.peers().find(({ id }) => id === progress?.peer)?.addresses ?? []
    weights = new AbortController()
    const { signal } = weights
    using _ = context.waits.begin({ what: 'base', which: `${base}, certified in round ${round}` })
    try {
      weightTries++
      await fetchBase(context, base, {
        providers: addresses,
        tries: weightTries,
        signal: AbortSignal.any([context.signal, signal]),
      })
      isKnownWhole = true
      context.troubles.over('base')
    } catch (error) {
      if (!context.signal.aborted)
        context.troubles.report('base', isOwnTrouble(error) ? error : noWeights(round, error))
      throw error
    }
  }

  return {
    get head() {
      return head()
    },
    get progress() {
      return progress
    },
    hear: (peer, round) => {
      neighbours.hear(peer, round)
      // Weights of a base that is not the newest may be nowhere any more, and are not what we want.
      if (neighbours.ahead([peer], head().round, clock.now()).length > 0) weights.abort()
    },
    interrupt: () => {
      if (tip === null) waiting.abort(new ColdmeshError('aborted', 'The base of this round is known.'))
    },
    entered: () => {
      tip = null
      weightTries = 0
      isKnownWhole = true
    },
    run: async () => {
      waiting = new AbortController()
      const stop = () => waiting.abort(context.signal.reason)
      context.signal.addEventListener('abort', stop, { once: true })
      try {
        const tried = new Set<string>()
        for (;;) {
          const connected = mesh.peers().map(({ id }) => id)
          const peer = neighbours.ahead(connected, head().round, clock.now()).find((id) => !tried.has(id))
          if (peer === undefined) break
          const before = head().round
          if (!(await tryPeer(peer))) break
          if (head().round > before) tried.clear()
          tried.add(peer)
        }
        if (context.signal.aborted) return
        using _ = context.keeping.pin(head().base)
        await fetchWeights()
        progress = null
        if (tip !== null) options.enter(tip)
      } catch (error) {
        if (!context.signal.aborted) log.warn('not-caught-up', { round: head().round, error: String(error) })
      } finally {
        context.signal.removeEventListener('abort', stop)
      }
    },
  }
}

function claimsMore(peer: string, round: number): ColdmeshError {
  return new ColdmeshError('not-valid', 'The peer does not give the bases that it says it has.', {
    facts: { peer, round, reason: 'claims-more' },
  })
}

function noWeights(round: number, cause: unknown): ColdmeshError {
  return new ColdmeshError(
    'block-missing',
    `The base of round ${round} is certified, and nobody connected gives all of it.`,
    {
      facts: { round },
      hint: 'It is asked for again and again. Connect to a peer that keeps this round: --peer ADDRESS.',
      cause,
    },
  )
}
