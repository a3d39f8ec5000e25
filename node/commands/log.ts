import type { LogEntry, ReportEntry } from 'coldmesh'
import type { Run } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { changeLines } from '../text/amendments.ts'
import { short, show } from '../text/escape.ts'
import { lateBy } from '../text/events.ts'
import { contradictionLine } from '../text/evidence.ts'
import { forkLine } from '../text/fork.ts'
import { formatReports } from '../text/reports.ts'
import { openLineage } from './lineage-source.ts'

export const runLog: Run<'dir' | 'limit' | 'html'> = async (call) => {
  const { args, options, output, signal } = call
  if (options.html !== undefined) return await (await import('./log-html.ts')).writeLineagePage(options.html, call)
  await using opened = await openLineage(args[0], call)
  const { source } = opened
  let count = 0
  try {
    for await (const entry of source.log()) {
      signal.throwIfAborted()
      if (!output.isOpen()) break
      output.result(entry, () => formatEntry(entry))
      count += 1
      if (count === options.limit) break
      if (entry.round === 1) await sayStart(entry.parent)
    }
  } catch (error) {
    const isEnd = opened.isPartial && count > 0 && error instanceof Error && 'code' in error
    if (!isEnd || error.code !== 'block-missing') throw error
    output.say(`the rounds before are not here: ${show(error.message)}`)
  }
  if (count === 0) output.say('no round has ended yet: the base is the one of the genesis')
  if (count === 0) await sayFork()
  return EXIT.done

  /** The genesis' base has no round of its own, and may have been judged, or come from another network. */
  async function sayStart(base: string): Promise<void> {
    const reports = output.json ? [] : await source.reports(base)
    if (reports.length > 0) output.say([`round 0  ${show(base)}`, ...reportLines(reports)].join('\n'))
    await sayFork()
  }

  async function sayFork(): Promise<void> {
    const fork = await source.fork()
    if (fork !== null) output.result({ round: 0, fork }, () => forkLine(fork, output.colors))
  }
}

function reportLines(reports: readonly ReportEntry[]): string[] {
  return formatReports(reports).map((line) => `  = ${line}`)
}

function formatEntry(entry: LogEntry): string {
  const { round, base, aggregator, view, rule, inputs, amendment, excluded, revertedBy, reports, evidence } = entry
  const lines = [
    `round ${round}  ${show(base)}${revertedBy === null ? '' : `  reverted by round ${revertedBy}: not in the weights`}`,
    `  ${show(rule, { maxLength: 128 })} of ${inputs.length} contributions, proposed by ${show(aggregator, { maxLength: 64 })} in view ${view}`,
    ...inputs.map(
      ({ id, author, task, dataset, rows, vouchedBy, staleness }) =>
        `  + ${short(id)}  ${show(task, { maxLength: 40 })}: ${rows} rows of ${show(dataset, { maxLength: 40 })}, by ${short(author)}${lateBy(staleness)}${vouchedBy === null ? '' : `, vouched for by ${short(vouchedBy)}`}`,
    ),
    ...(amendment === null
      ? []
      : [
          `  * amendment ${short(amendment.id)}, ${amendment.change.rollback === undefined ? `in force from round ${amendment.from}: ` : ''}${changeLines(amendment.change).join('; ')}`,
        ]),
    ...excluded.map(({ id, author, reason }) => `  - ${short(id)}  by ${short(author)}: ${show(reason)}`),
    ...evidence.map((found) => `  ! ${contradictionLine(found)}`),
    ...reportLines(reports),
  ]
  return lines.join('\n')
}
