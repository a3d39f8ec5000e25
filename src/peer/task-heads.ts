import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toHex } from '../../protocols/wire/bytes.ts'
import { sha256 } from '../../protocols/wire/crypto.ts'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import { decodeHead, encodeHead } from '../checkpoint/safetensors.ts'
import type { Log } from '../ports/system.ts'
import type { Head } from '../ports/trainer.ts'
import { paths } from './data-dir.ts'

/** A task's own classifiers, one file a task; the next round starts from them. They never leave the data directory. */
export interface TaskHeads {
  read(task: string): Promise<Head | null>
  write(task: string, head: Head): Promise<void>
}

export function openTaskHeads(dataDir: string, log: Log): TaskHeads {
  // A task's name is somebody's text, so it never becomes a path.
  const pathOf = (task: string) => {
    return join(paths.heads(dataDir), `${toHex(sha256(new TextEncoder().encode(task))).slice(0, 32)}.safetensors`)
  }
  return {
    read: async (task) => {
      let bytes: Uint8Array
      try {
        bytes = new Uint8Array(await readFile(pathOf(task)))
      } catch {
        return null
      }
      try {
        return decodeHead(bytes)
      } catch (error) {
        log.warn('head-damaged', { task, error: String(error) }) // a new one is trained
        return null
      }
    },
    write: (task, head) => writeFileAtomic(pathOf(task), encodeHead(head)),
  }
}
