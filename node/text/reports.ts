import type { ReportEntry } from 'coldmesh'
import { short, show } from './escape.ts'
import { percentSpread } from './spread.ts'

const MAX_LINES = 24

/** Reports about one base, a line each. */
export function formatReports(reports: readonly ReportEntry[]): string[] {
  const lines = reports.slice(0, MAX_LINES).map(({ task, mode, value, standardError, seeds, testRows, author }) => {
    const spread = percentSpread(value, standardError, seeds.length)
    return `${show(task, { maxLength: 40 })}, ${mode}: ${spread} of ${testRows} test rows, ${seeds.length} seed(s), by ${short(author)}`
  })
  return reports.length > MAX_LINES ? [...lines, `and ${reports.length - MAX_LINES} more reports`] : lines
}
