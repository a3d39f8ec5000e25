import type { ReadProgress } from '../../ports/dataset.ts'

/** Told while a file is read, at most five times a second. */
export type OnRead = (progress: ReadProgress) => void

const INTERVAL_MS = 200

/** Counts what is read of a file. */
export interface ReadMeter {
  readonly at: (bytes: number) => void
  readonly row: () => void
}

/** @param totalBytes null for a folder */
export function createReadMeter(
  { path, totalBytes }: { readonly path: string; readonly totalBytes: number | null },
  onRead: OnRead = () => {},
): ReadMeter {
  let told = performance.now()
  let bytes = 0
  let rows = 0
  return {
    at(position) {
      bytes = position
    },
    row() {
      rows++
      const now = performance.now()
      if (now - told < INTERVAL_MS) return
      told = now
      onRead({ path, rows, bytes, totalBytes })
    },
  }
}
