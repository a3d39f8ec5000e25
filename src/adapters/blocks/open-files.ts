import { close, closeSync, openSync, read } from 'node:fs'
import { promisify } from 'node:util'
import { DEFAULT_OPEN_FILES } from './limits.ts'

/** Files that are read from again and again, a few of them open at a time. */
export interface OpenFiles {
  /** Reads as much as `into` holds; fewer bytes at the end of the file. System errors pass through. */
  read(path: string, into: Uint8Array, at: number): Promise<number>
  /** The file goes, or is another one from now on. */
  forget(path: string): void
  close(): void
}

interface Opened {
  readonly descriptor: number
  reads: number
  isForgotten: boolean
}

const readFrom = promisify(read)

export function createOpenFiles(most: number = DEFAULT_OPEN_FILES): OpenFiles {
  const opened = new Map<string, Opened>()

  function take(path: string): Opened {
    const file = opened.get(path) ?? { descriptor: openSync(path, 'r'), reads: 0, isForgotten: false }
    // The one that was used last is the last in the map.
    opened.delete(path)
    opened.set(path, file)
    file.reads++
    if (opened.size > most) {
      const [idle] = opened.entries().filter(([, { reads }]) => reads === 0)
      if (idle !== undefined) forget(idle[0])
    }
    return file
  }

  function release(file: Opened): void {
    file.reads--
    if (file.reads === 0 && file.isForgotten) close(file.descriptor, () => {})
  }

  function forget(path: string): void {
    const file = opened.get(path)
    if (file === undefined) return
    opened.delete(path)
    file.isForgotten = true
    if (file.reads === 0) closeSync(file.descriptor)
  }

  return {
    async read(path, into, at) {
      const file = take(path)
      try {
        let length = 0
        while (length < into.length) {
          const { bytesRead } = await readFrom(file.descriptor, into, length, into.length - length, at + length)
          if (bytesRead === 0) break
          length += bytesRead
        }
        return length
      } finally {
        release(file)
      }
    },
    forget,
    close() {
      for (const path of [...opened.keys()]) forget(path)
    },
  }
}
