import type { LabCurve, LabGain, LabResult } from 'coldmesh'
import type { Colors } from '../text/output.ts'
import { createTable } from '../text/status.ts'

/** `71.5 ± 0.3`, in percent. */
export function spread({ mean, standardError }: { mean: number; standardError: number }): string {
  return `${(100 * mean).toFixed(1)} ± ${(100 * standardError).toFixed(1)}`
}

export function signedSpread(gain: { mean: number; standardError: number }): string {
  return `${gain.mean < 0 ? '' : '+'}${spread(gain)}`
}

/** A gain in units of its standard error; null when one seed says nothing about it. */
export function inErrors({ mean, standardError, values }: LabGain): number | null {
  return values.length < 2 || standardError === 0 ? null : mean / standardError
}

export function groupName({ group, task }: Pick<LabCurve, 'group' | 'task'>): string {
  return task ?? `mean of ${group} tasks`
}

/** Means over the seeds in percent, pretrained, final and baselines, with how far the final base is above the pretrained one. */
export function formatResult({ plan, curves, gains, runs }: LabResult, colors: Colors): string {
  const tables = plan.evaluations.map(({ mode }) => {
    const table = createTable([mode, '', 'pretrained', 'final', ...plan.baselines, 'gain'])
    for (const curve of curves.filter((curve) => curve.mode === mode)) {
      const gain = gains.find((one) => one.mode === mode && one.task === curve.task && one.group === curve.group)
      if (gain === undefined) continue
      const cells = plan.baselines.map((of) => {
        const point = curve.points.find((one) => one.of === of)
        return point === undefined ? '' : spread(point)
      })
      const shown = signedSpread(gain)
      const row = [groupName(curve), curve.group, spread(gain.pretrained), spread(gain.final), ...cells]
      table.push([...row, gain.mean > 0 ? colors.green(shown) : shown])
    }
    return table.toString()
  })
  const verified = runs.filter((run) => run.verified?.valid).length
  return [
    '',
    ...tables,
    '',
    `test accuracy in percent, mean ± standard error over ${plan.seeds.length} seeds; the same rows, plans and seeds for every base`,
    verified === runs.length
      ? `verified  the history of every seed (${runs[0]?.verified?.level ?? ''})`
      : colors.red(`NOT VERIFIED: ${runs.length - verified} of ${runs.length} histories`),
  ].join('\n')
}
