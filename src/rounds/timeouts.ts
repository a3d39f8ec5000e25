import { toHex } from '../../protocols/wire/bytes.ts'
import type { RoundState } from './state.ts'

const MAX_DOUBLINGS = 6

/** How long a step of a view may take, in milliseconds: grows with the view, the bytes to move, and empty rounds before. */
export function stepTimeoutMs(state: RoundState, view: number): number {
  const { bytes } = state.network.genesis
  const { round } = state.network.terms
  const transferMs = (1000 * bytes * (round.maxContributions + 2)) / round.minBytesPerSecond
  return Math.ceil((round.viewTimeoutMs * (view + 1) + transferMs) * 2 ** Math.min(state.emptyBefore, MAX_DOUBLINGS))
}

/**
 * How long one member is asked for a proposal's lineage, in milliseconds: never less than view 0's step; in late views as much as
 * leaves room to ask f others. So links of any slowness have it in some view, and f that stay silent cannot fill every view.
 */
export function lineageWaitMs(state: RoundState, view: number): number {
  const { members, quorum } = state.network
  return Math.max(stepTimeoutMs(state, 0), stepTimeoutMs(state, Math.max(0, view)) / (members.length - quorum + 1))
}

export type TimerKind = 'collect' | 'grace' | 'gain' | 'propose' | 'prevote' | 'precommit'

/** `round/kind/number`: a timer of another round, view or list is stale. */
export function timerName(state: RoundState, kind: TimerKind): string {
  if (kind === 'collect' || kind === 'grace') return `${state.round}/${kind}/0`
  return `${state.round}/${kind}/${kind === 'gain' ? ownSeq(state) : state.view}`
}

function ownSeq({ self, lists }: RoundState): number {
  return (self && lists.get(toHex(self))?.message.seq) ?? -1
}
