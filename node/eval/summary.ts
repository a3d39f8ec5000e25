import { type EvaluationMode, type MeanAndError, meanOverTasks } from 'coldmesh'
import type { Candidate } from './bases.ts'
import type { Judged } from './judge.ts'

/** Which tasks a mean is over. */
export const GROUPS = ['seen', 'unseen', 'all'] as const
export type Group = (typeof GROUPS)[number]

export interface GroupMean extends MeanAndError {
  readonly candidate: Candidate
  readonly mode: EvaluationMode
  readonly group: Group
  readonly tasks: number
}

/** Means over the seen and the unseen tasks; over all where there are tasks that nobody says it of. */
export function meansOf(judged: readonly Judged[]): GroupMean[] {
  const candidates = [...new Set(judged.map(({ candidate }) => candidate))]
  const modes = [...new Set(judged.map(({ mode }) => mode))]
  return candidates.flatMap((candidate) =>
    modes.flatMap((mode) =>
      GROUPS.flatMap((group) => {
        const some = judged.filter(
          (each) => each.candidate === candidate && each.mode === mode && groupOf(each.seen) === group,
        )
        if (some.length === 0) return []
        return [{ candidate, mode, group, tasks: some.length, ...meanOverTasks(some.map((each) => each.values)) }]
      }),
    ),
  )
}

export function groupOf(seen: boolean | null): Group {
  if (seen === null) return 'all'
  return seen ? 'seen' : 'unseen'
}
