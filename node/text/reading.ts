import { basename } from 'node:path'
import type { ReadProgress } from 'coldmesh'
import { createStatusLine } from '../eval/status-line.ts'
import { show } from './escape.ts'
import type { Output } from './output.ts'

/** Where nothing can be written over, a line at most this often. */
const LINE_MS = 10_000
const GIGABYTE = 1e9
const MEGABYTE = 1e6

/** Says how far the reading of a file is while `work` reads: written over on a terminal, elsewhere a line now and then. */
export async function withReadingLine<T>(
  output: Output,
  work: (onRead: (progress: ReadProgress) => void) => Promise<T>,
): Promise<T> {
  const status = createStatusLine(output)
  let told = performance.now()
  try {
    return await work((progress) => {
      const line = describeReading(progress)
      status.show(line)
      const now = performance.now()
      if (status.isShown || now - told < LINE_MS) return
      told = now
      output.progress({ event: 'reading', ...progress }, () => line)
    })
  } finally {
    status.clear()
  }
}

/** `reads reviews.jsonl: 1.2 of 3.0 GB, 590,000 rows` */
export function describeReading({ path, rows, bytes, totalBytes }: ReadProgress): string {
  const far = totalBytes === null ? '' : `${sizes(bytes, totalBytes)}, `
  return `reads ${show(basename(path))}: ${far}${rows.toLocaleString('en')} rows`
}

function sizes(bytes: number, total: number): string {
  const [unit, name] = total >= GIGABYTE ? [GIGABYTE, 'GB'] : [MEGABYTE, 'MB']
  return `${(bytes / unit).toFixed(1)} of ${(total / unit).toFixed(1)} ${name}`
}
