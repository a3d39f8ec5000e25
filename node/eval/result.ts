import type { ReportEntry } from 'coldmesh'
import type { Candidate } from './bases.ts'
import type { Judged } from './judge.ts'
import type { GroupMean } from './summary.ts'
import type { EvalTask } from './tasks.ts'

/** What `eval --json` prints: the shape is in docs/evaluating.md. Scores are fractions, correlations from -1 to 1. */
export function resultObject(result: {
  readonly judged: readonly Judged[]
  readonly means: readonly GroupMean[]
  readonly candidates: readonly Candidate[]
  readonly tasks: readonly EvalTask[]
  readonly seeds: readonly number[]
  readonly seconds: number
  readonly plot: string | null
  readonly reports: readonly ReportEntry[]
}): object {
  const { judged, means, candidates, tasks, seeds, seconds, plot, reports } = result
  return {
    seeds,
    bases: candidates.map(({ label, round, cid, baseline }) => ({ label, round, base: cid, baseline })),
    tasks: tasks.map(({ name, seen, train, test }) => ({
      name,
      seen,
      labels: train.labels.length,
      rows: train.examples.length,
      testRows: test.length,
      metric: judged.find(({ task }) => task === name)?.metric ?? null,
      majority: judged.find(({ task }) => task === name)?.majority ?? null,
      tfidf: Object.fromEntries(judged.filter(({ task }) => task === name).map(({ mode, tfidf }) => [mode, tfidf])),
    })),
    results: judged.map(
      ({ candidate, task, seen, mode, metric, values, mean, standardError, scores, rows, plan, trainer, device }) => ({
        label: candidate.label,
        round: candidate.round,
        base: candidate.cid,
        task,
        seen,
        mode,
        metric,
        values,
        mean,
        standardError,
        scores,
        rows,
        plan,
        engine: trainer,
        device,
      }),
    ),
    means: means.map(({ candidate, mode, group, tasks: count, mean, standardError }) => ({
      label: candidate.label,
      round: candidate.round,
      mode,
      group,
      tasks: count,
      mean,
      standardError,
    })),
    seconds,
    plot,
    reports,
  }
}
