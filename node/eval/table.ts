import { show } from '../text/escape.ts'
import type { Colors } from '../text/output.ts'
import { percent, percentSpread } from '../text/spread.ts'
import { createTable } from '../text/status.ts'
import type { Judged } from './judge.ts'
import { GROUPS, type GroupMean, groupOf } from './summary.ts'

const MAX_NAME = 32

/** For each mode a table: tasks, and their means first, down; bases across. */
export function formatTables(judged: readonly Judged[], means: readonly GroupMean[], colors: Colors): string {
  const modes = [...new Set(judged.map(({ mode }) => mode))]
  const candidates = [...new Set(judged.map(({ candidate }) => candidate))]
  const seeds = judged[0]?.seeds.length ?? 0
  return modes
    .map((mode) => {
      const ofMode = judged.filter((each) => each.mode === mode)
      const table = createTable([
        '',
        '',
        'majority',
        'TF-IDF',
        ...candidates.map(({ label }) => show(label, { maxLength: MAX_NAME })),
      ])
      for (const group of GROUPS) {
        const row = means.filter((mean) => mean.mode === mode && mean.group === group)
        if ((row[0]?.tasks ?? 0) < 2) continue
        table.push([
          colors.bold('mean'),
          group,
          '',
          '',
          ...row.map((mean) => colors.bold(percentSpread(mean.mean, mean.standardError, seeds))),
        ])
      }
      for (const task of new Set(ofMode.map((each) => each.task))) {
        const row = ofMode.filter((each) => each.task === task)
        const [first] = row
        if (first === undefined) continue
        const group = groupOf(first.seen)
        const cells = row.map(({ mean, standardError }) => percentSpread(mean, standardError, seeds))
        table.push([
          show(task, { maxLength: MAX_NAME }),
          group === 'all' ? '' : group,
          percent(first.majority),
          percent(first.tfidf),
          ...cells,
        ])
      }
      return `${colors.bold(mode)}\n${table.toString()}`
    })
    .join('\n\n')
}
