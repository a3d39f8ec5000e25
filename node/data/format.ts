import type { DatasetReport } from 'coldmesh'
import { show } from '../text/escape.ts'
import type { Colors } from '../text/output.ts'
import { percent } from '../text/spread.ts'
import { createTable } from '../text/status.ts'

const MAX_TEXT = 100
const MAX_LABEL = 32
const SHOWN_LABELS = 20
const BAR = 24

/** A dataset for people: what it is, how it looks to the model, and what is wrong with it. */
export function formatReport(report: DatasetReport, colors: Colors): string {
  const sections = [
    facts(report, colors),
    ...(report.labels.length > 0 ? [labelTable(report, colors)] : []),
    ...(report.shown.length > 0 ? [rows(report, colors)] : []),
    problems(report, colors),
  ]
  return sections.join('\n\n')
}

function facts(report: DatasetReport, colors: Colors): string {
  const { path, format, rows, skipped, task, guessedBecause, split } = report
  const lines: (readonly [string, string])[] = [
    ['data', `${show(path)} (${format})`],
    ['columns', columnsLine(report)],
    ['rows', `${count(rows)}${skipped > 0 ? `, and ${count(skipped)} without a label that are left out` : ''}`],
    ['task', `${task}${guessedBecause === null ? '' : `, a guess: ${guessedBecause}`}`],
    ...(report.numbers === null ? [] : [['numbers', numbersLine(report.numbers)] as const]),
    ['repeated', repeatedLine(report)],
    ...(report.lengths === null ? [] : [['length', lengthLine(report.lengths)] as const]),
    ...(split === null ? [] : [['split', splitLine(split)] as const]),
  ]
  return lines.map(([name, text]) => `${colors.bold(name.padEnd(10))}${text}`).join('\n')
}

function columnsLine({ columns: { present, text, pair, label } }: DatasetReport): string {
  const use = new Map([
    [text, 'the text'],
    ...(pair === null ? [] : [[pair, 'the second text'] as const]),
    [label, 'the label'],
  ])
  return present
    .map((column) => `${show(column, { maxLength: MAX_LABEL })}${use.has(column) ? ` (${use.get(column)})` : ''}`)
    .join(', ')
}

function numbersLine({ min, max, mean }: NonNullable<DatasetReport['numbers']>): string {
  return `from ${round(min)} to ${round(max)}, ${round(mean)} on average`
}

function repeatedLine({ repetitions, unit }: DatasetReport): string {
  const { copies, contradictions, firstContradiction, isComplete } = repetitions
  if (copies === 0) return `no text${isComplete ? '' : ' among the first two million'}`
  const where = firstContradiction === null || unit === 'file' ? '' : ` (the first in ${unit} ${firstContradiction})`
  const others = contradictions === 0 ? '' : `, ${count(contradictions)} of them with another label${where}`
  return `${count(copies)} row(s) say what another says${others}`
}

function lengthLine({
  unit,
  median,
  p90,
  p99,
  max,
  truncated,
  maxTokens,
}: NonNullable<DatasetReport['lengths']>): string {
  const spread = `${count(median)} ${unit} at the median, ${count(p90)} at 90%, ${count(p99)} at 99%, ${count(max)} at most`
  if (truncated === null) return `${spread} (give --base or --dir to count tokens)`
  return `${spread}; ${percent(truncated)} of the rows are cut at ${maxTokens}`
}

function splitLine({ training, validation, from }: NonNullable<DatasetReport['split']>): string {
  const how = from === 'file' ? 'of the other file' : 'held out by a hash of their texts'
  return `${count(training)} rows to train on, ${count(validation)} to validate with, ${how}`
}

function labelTable({ labels, isImbalanced }: DatasetReport, colors: Colors): string {
  const table = createTable(['label', 'rows', 'share', ''])
  const largest = labels[0]?.rows ?? 1
  for (const { label, rows, share } of labels.slice(0, SHOWN_LABELS)) {
    const bar = '█'.repeat(Math.max(1, Math.round((BAR * rows) / largest)))
    table.push([show(label, { maxLength: MAX_LABEL }), count(rows), percent(share), colors.cyan(bar)])
  }
  const more = labels.length > SHOWN_LABELS ? `\n... and ${labels.length - SHOWN_LABELS} more` : ''
  const last = labels.at(-1)
  const warning = isImbalanced
    ? `\n${colors.yellow('imbalanced')}: always answering ${show(labels[0]?.label ?? '', { maxLength: MAX_LABEL })} is right in ${percent(labels[0]?.share ?? 0)}; ${show(last?.label ?? '', { maxLength: MAX_LABEL })} has ${count(last?.rows ?? 0)} row(s): look at macro-f1, not accuracy`
    : ''
  return `${table.toString()}${more}${warning}`
}

function rows({ shown, unit }: DatasetReport, colors: Colors): string {
  const lines = shown.map(({ line, text, pair, label, target, tokens }) => {
    const place = unit === 'file' ? '' : `${unit} ${line}: `
    const second = pair === null ? '' : ` ${colors.dim('|')} ${show(pair, { maxLength: MAX_TEXT })}`
    const output = typeof label === 'number' ? '' : ` (${[target].flat().join(', ') || 'none'})`
    const seen = tokens === null ? '' : `\n  ${colors.dim(show(tokens.join(' '), { maxLength: 3 * MAX_TEXT }))}`
    const name = show([label].flat().join(', '), { maxLength: MAX_LABEL })
    return `  ${place}${colors.green(`${name}${output}`)}  ${show(text, { maxLength: MAX_TEXT })}${second}${seen}`
  })
  return [colors.bold('the first rows as the model sees them'), ...lines].join('\n')
}

function problems({ problems }: DatasetReport, colors: Colors): string {
  if (problems.count === 0) return colors.green('nothing is wrong with it')
  const kinds = problems.kinds.map(({ kind, count: number }) => `${count(number)} ${kind}`)
  const more = problems.count - problems.first.length
  return [
    `${colors.red(`${count(problems.count)} problem(s)`)}: ${kinds.join(', ')}`,
    ...problems.first.map(({ message }) => `  ${show(message)}`),
    ...(more > 0 ? [`  ... and ${count(more)} more`] : []),
    ...[...new Set(problems.first.map(({ hint }) => hint))].flatMap((hint) =>
      hint === null ? [] : [`  ${show(hint)}`],
    ),
  ].join('\n')
}

function count(number: number): string {
  return number.toLocaleString('en')
}

function round(number: number): string {
  return String(Number(number.toFixed(3)))
}
