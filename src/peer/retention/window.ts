import type { Head } from '../../rounds/state.ts'

/** How many rounds an operator keeps: so many, as many as the network asks for, or all. */
export type KeepRounds = number | 'network' | 'all'

/** Which rounds' weights a peer keeps at a head. */
export interface Window {
  /** Inputs of rounds from this one on, and the bases that they were fused into and from. */
  readonly from: number
  /** Contributions to rounds from this one on may still become inputs. */
  readonly takenFrom: number
}

/** Rounds that the network asks its members to keep: the terms that are in force, or that come next. */
export function askedRounds({ regime }: Pick<Head, 'regime'>): number {
  return Math.max(regime.current.terms.round.keepRounds, regime.next.terms.round.keepRounds)
}

/** What an operator asks for, and never less than the network does. */
export function keptRounds(head: Pick<Head, 'regime'>, own: KeepRounds): number | 'all' {
  return own === 'all' ? 'all' : Math.max(own === 'network' ? 0 : own, askedRounds(head))
}

export function windowAt(head: Head, own: KeepRounds): Window {
  const takenFrom = oldestTaken(head)
  const rounds = keptRounds(head, own)
  if (rounds === 'all') return { from: 0, takenFrom }
  return { from: Math.max(0, Math.min(head.round - rounds + 1, takenFrom)), takenFrom }
}

/** The oldest round whose contributions the next one takes: the other side of `parentOf`. */
function oldestTaken({ round, history, regime }: Head): number {
  const { maxStaleness } = regime.current.terms.round
  let oldest = round + 1
  let staleness = 0
  for (const ancestor of history) {
    if (staleness > maxStaleness) break
    oldest = ancestor.round + 1
    if (ancestor.rolledBackTo !== undefined) break
    if (!ancestor.isEmpty) staleness++
  }
  return oldest
}
