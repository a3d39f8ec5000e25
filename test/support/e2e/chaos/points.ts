import type { CrashPoint } from '../crash-loop.ts'

const DEFAULT_POINTS = 1

/**
 * Where a member is killed, of the steps that were seen: `all`, a range such as `1-40`, `journal` for each step on the journal,
 * or so many: the middle of a journal record, the others spread over them.
 */
export function samplePoints(trace: readonly string[], wanted = String(DEFAULT_POINTS)): readonly CrashPoint[] {
  const steps = trace.map((_, i) => ({ step: i + 1 }))
  if (wanted === 'all') return steps
  if (wanted === 'journal') return journalSteps(trace)
  const [, from, to] = /^(\d+)-(\d+)$/.exec(wanted) ?? []
  if (from !== undefined) return steps.slice(Number(from) - 1, Number(to))
  const count = Math.max(0, Number(wanted) - 1)
  const spread = Array.from({ length: count }, (_, i) => steps[Math.floor(((i + 0.5) * steps.length) / count)])
  return [{ label: 'journal write', nth: 2, torn: true }, ...spread.filter((step) => step !== undefined)]
}

/** The n-th write is the n-th write of every life, whatever else it does at what time. */
function journalSteps(trace: readonly string[]): readonly CrashPoint[] {
  const seen = new Map<string, number>()
  return trace.flatMap((label) => {
    if (!label.startsWith('journal ')) return []
    const nth = (seen.get(label) ?? 0) + 1
    seen.set(label, nth)
    return [{ label, nth }]
  })
}
