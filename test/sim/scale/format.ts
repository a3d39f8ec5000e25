/** `90 s`, `14 min`, `3.2 h`, `5 days`. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${number(seconds)} s`
  if (seconds < 100 * 60) return `${number(seconds / 60)} min`
  if (seconds < 48 * 3600) return `${number(seconds / 3600)} h`
  return `${number(seconds / 86_400)} days`
}

/** Two or three digits. */
export function number(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en-US') : value.toFixed(1).replace(/\.0$/, '')
}

export function size(bytes: number): string {
  if (bytes < 1e6) return `${number(bytes / 1e3)} kB`
  return bytes < 1e9 ? `${number(bytes / 1e6)} MB` : `${number(bytes / 1e9)} GB`
}

/** A Markdown table. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
