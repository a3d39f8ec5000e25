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

export type TimerKind = 'collect' | 'grace' | 'gain' | 'propose' | 'prevote' | 'precommit'

/** `round/kind/number`: a timer of another round, view or list is stale. */
export function timerName(state: RoundState, kind: TimerKind): string {
  if (kind === 'collect' || kind === 'grace') return `${state.round}/${kind}/0`
  return `${state.round}/${kind}/${kind === 'gain' ? ownSeq(state) : state.view}`
}

function ownSeq({ self, lists }: RoundState): number {
  return (self && lists.get(toHex(self))?.message.seq) ?? -1
}
