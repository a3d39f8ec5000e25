import { toHex } from '../../../protocols/wire/bytes.ts'
import type { ReportEntry } from '../types.ts'
import type { SignedReport } from './book.ts'

export const BILLION = 1_000_000_000

/** A report as people and programs see it. */
export function reportEntry({ id, message }: SignedReport): ReportEntry {
  const { author, base, round, task, mode, metric, value, standardError, seeds, plan, engine } = message
  return {
    id: String(id),
    author: toHex(author),
    base: String(base),
    round,
    task: task.name,
    mode,
    metric,
    value: value / BILLION,
    standardError: standardError / BILLION,
    seeds,
    rows: task.rows,
    testRows: task.testRows,
    labels: task.labels,
    plan: toHex(plan),
    engine,
  }
}
