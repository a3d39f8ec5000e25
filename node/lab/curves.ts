import type { LabResult } from 'coldmesh'

const COLUMNS = ['mode', 'group', 'task', 'of', 'round', 'mean', 'standard_error', 'seeds', 'values']

/** One row for each point of each curve; scores are fractions. `task` is `mean` for a group's mean. */
export function formatCurves({ curves }: LabResult): string {
  const rows = curves.flatMap(({ mode, group, task, points }) =>
    points.map(({ of, round, mean, standardError, values }) => {
      const numbers = [mean, standardError].map((value) => value.toFixed(6))
      return [
        mode,
        group,
        task ?? 'mean',
        of,
        round ?? '',
        ...numbers,
        values.length,
        values.map((value) => value.toFixed(6)).join(' '),
      ]
    }),
  )
  // Names of tasks and baselines have no comma or quote.
  return `${[COLUMNS, ...rows].map((row) => row.join(',')).join('\n')}\n`
}
