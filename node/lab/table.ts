import type { LabCurve, LabGain, LabResult } from 'coldmesh'
import type { Colors } from '../text/output.ts'
import { createTable } from '../text/status.ts'

export interface Spread {
  readonly mean: number
  readonly standardError: number
}

/** `71.5 ± 0.3`, in percent; of one seed, whose error nobody knows, `71.5`. */
export function spread({ mean, standardError }: Spread, seeds: number): string {
  const error = seeds < 2 ? '' : ` ± ${(100 * standardError).toFixed(1)}`
  return `${(100 * mean).toFixed(1)}${error}`
}

export function signedSpread(gain: Spread, seeds: number): string {
  return `${gain.mean < 0 ? '' : '+'}${spread(gain, seeds)}`
}

/** How many seeds a number comes from. */
export function overSeeds(seeds: number): string {
  return seeds < 2 ? 'of one seed' : `mean ± standard error over ${seeds} seeds`
}

/** A gain in units of its standard error; null when one seed says nothing about it. */
export function inErrors({ mean, standardError, values }: LabGain): number | null {
  return values.length < 2 || standardError === 0 ? null : mean / standardError
}

export function groupName({ group, task }: Pick<LabCurve, 'group' | 'task'>): string {
  return task ?? `mean of ${group} tasks`
}

/** Means over the seeds in percent, pretrained, final and baselines, with how far the final base is above the pretrained one. */
export function formatResult({ plan, curves, gains, runs, scores }: LabResult, colors: Colors): string {
  const metrics = [...new Set(scores.map(({ metric }) => metric))]
  const tables = plan.evaluations.map(({ mode }) => {
    const seeds = plan.seeds.length
    const table = createTable([mode, '', 'pretrained', 'final', ...plan.baselines, 'gain'])
    for (const curve of curves.filter((curve) => curve.mode === mode)) {
      const gain = gains.find((one) => one.mode === mode && one.task === curve.task && one.group === curve.group)
      if (gain === undefined) continue
      const cells = plan.baselines.map((of) => {
        const point = curve.points.find((one) => one.of === of)
        return point === undefined ? '' : spread(point, seeds)
      })
      const shown = signedSpread(gain, seeds)
      const row = [groupName(curve), curve.group, spread(gain.pretrained, seeds), spread(gain.final, seeds), ...cells]
      table.push([...row, gain.mean > 0 ? colors.green(shown) : shown])
    }
    return table.toString()
  })
  const verified = runs.filter((run) => run.verified?.valid).length
  return [
    '',
    ...tables,
    '',
    `test ${metrics.join(', ')} in percent, ${overSeeds(plan.seeds.length)}; the same rows, plans and seeds for every base`,
    verified === runs.length
      ? `verified  the history of every seed (${runs[0]?.verified?.level ?? ''})`
      : colors.red(`NOT VERIFIED: ${runs.length - verified} of ${runs.length} histories`),
  ].join('\n')
}
