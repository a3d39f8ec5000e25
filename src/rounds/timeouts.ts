import type { RoundState } from './state.ts'

const MAX_DOUBLINGS = 6

/** How long a step of a view may take, in milliseconds: grows with the view, the bytes to move, and empty rounds before. */
export function stepTimeoutMs(state: RoundState, view: number): number {
  const { bytes, round } = state.network.genesis
  const transferMs = (1000 * bytes * (round.maxContributions + 2)) / round.minBytesPerSecond
  return Math.ceil((round.viewTimeoutMs * (view + 1) + transferMs) * 2 ** Math.min(state.emptyBefore, MAX_DOUBLINGS))
}

/** `round/kind/view`: a timer of another round or view is stale. */
export function timerName(state: RoundState, kind: 'collect' | 'grace' | 'propose' | 'prevote' | 'precommit'): string {
  return `${state.round}/${kind}/${state.view}`
}
