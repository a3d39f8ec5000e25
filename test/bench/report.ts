/** What one step of the bench found: its speed beside a yardstick taken in the same run. */
export interface Row {
  /** As in the bench's list: `fusion`, `store`, ... */
  readonly step: string
  /** What was done: `mean/1, N = 8, F32, one worker`. */
  readonly what: string
  /** The model's, such as `500MB`; empty where it has none. */
  readonly size: string
  readonly yardstick: string
  /** Speed of the step over that of its yardstick; null where only the other figures are measured. */
  readonly ratio: number | null
  /** The ratio it has to reach; null where none is set. */
  readonly target: number | null
  /** Gigabytes (10^9 bytes) a second, of the step; null where it moves none. */
  readonly gigabytesPerSecond: number | null
  /** Most memory of the process that did it; null where it was not a process of its own. */
  readonly peakMegabytes: number | null
  /** Of user and system. */
  readonly cpuSecondsPerGigabyte: number | null
  /** What else must be known: a limit in other units, why it falls short. */
  readonly note: string
  /** Says for steps without a ratio whether they hold. */
  readonly holds?: boolean
}

/** What a step gets. */
export interface Setup {
  /** Sizes to measure, smallest first. */
  readonly sizes: readonly Size[]
  /** An empty folder on a real disk; its owner deletes it. */
  readonly scratch: string
  /** A line for whoever waits. */
  readonly say: (line: string) => void
}

export interface Size {
  readonly name: string
  readonly bytes: number
}

/** A step's module exports one, named `rows`. */
export type Rows = (setup: Setup) => AsyncIterable<Row>

const MEGABYTE_LIMIT = 300

/** Null when there is nothing to reach. A peak above the limit falls short whatever the speed is. */
export function holds({ ratio, target, peakMegabytes, holds: said }: Row): boolean | null {
  if (peakMegabytes !== null && peakMegabytes > MEGABYTE_LIMIT) return false
  if (said !== undefined) return said
  return ratio === null || target === null ? null : ratio >= target
}

const HEADINGS = ['step', 'size', 'yardstick', 'ratio', 'at least', '', 'GB/s', 'peak MB', 'CPU s/GB', 'note'] as const

function cellsOf(row: Row): string[] {
  const found = holds(row)
  return [
    row.what,
    row.size,
    row.yardstick,
    round(row.ratio, 2),
    round(row.target, 2),
    found === null ? '' : found ? 'holds' : 'falls short',
    round(row.gigabytesPerSecond, 2),
    round(row.peakMegabytes, 0),
    round(row.cpuSecondsPerGigabyte, 2),
    row.note,
  ]
}

function round(value: number | null, digits: number): string {
  return value === null ? '' : value.toFixed(digits)
}

/** For a terminal. */
export function textTable(rows: readonly Row[]): string {
  const lines = [[...HEADINGS], ...rows.map(cellsOf)]
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)))
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** For a page. */
export function markdownTable(rows: readonly Row[]): string {
  const lines = [[...HEADINGS], HEADINGS.map(() => '---'), ...rows.map(cellsOf)]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}
