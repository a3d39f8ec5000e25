import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { removeFile, writeFileAtomic } from '../adapters/files/atomic.ts'
import { systemCode } from '../ports/disk-refusal.ts'

/** The round until which a key is silent, on disk, so that a restart doesn't shorten it. */
export interface ProbationFile {
  /** Null when there is none, `damaged` when it can't be read: a flipped bit must not let a key speak. */
  read(): Promise<number | null | 'damaged'>
  write(until: number): Promise<void>
  remove(): Promise<void>
}

export function probationFile(dataDir: string): ProbationFile {
  const path = join(dataDir, 'probation')
  return {
    read: async () => {
      try {
        const text = await readFile(path, 'utf8')
        const until = Number.parseInt(text, 10)
        return Number.isSafeInteger(until) && text === format(until) ? until : 'damaged'
      } catch (error) {
        return systemCode(error) === 'ENOENT' ? null : 'damaged'
      }
    },
    write: (until) => writeFileAtomic(path, new TextEncoder().encode(format(until))),
    remove: () => removeFile(path),
  }
}

function format(until: number): string {
  return `${until} ${crc32(String(until)).toString(16).padStart(8, '0')}\n`
}
