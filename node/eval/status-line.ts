import type { Output } from '../text/output.ts'

/** One line on a terminal that is written over. */
export function createStatusLine(output: Output) {
  const isShown = process.stderr.isTTY === true && !output.json
  return {
    isShown,
    show(text: string): void {
      if (isShown) process.stderr.write(`\r\u001b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`)
    },
    clear(): void {
      if (isShown) process.stderr.write('\r\u001b[K')
    },
  }
}
