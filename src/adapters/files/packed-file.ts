import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import { createMemoryStore, type PackedStore } from '../../training/rows.ts'

const NUMBER_BYTES = Uint32Array.BYTES_PER_ELEMENT

/**
 * Numbers in memory as long as they are few, else in a temporary file, which is gone once it is closed.
 *
 * @param what they are, in words
 * @param folder where the file goes
 * @param memoryNumbers how many are few
 * @throws ColdmeshError `refused` when the disk is full or can't be written; nothing is left then
 */
export function createSpillingStore({
  what,
  folder,
  memoryNumbers,
}: {
  readonly what: string
  readonly folder: string
  readonly memoryNumbers: number
}): PackedStore {
  const memory = createMemoryStore()
  let file: PackedFile | null = null
  return {
    append(numbers) {
      if (file === null && memory.length + numbers.length > memoryNumbers) {
        file = createPackedFile(what, folder)
        for (const piece of memory.pieces()) file.append(piece)
        memory.close()
      }
      ;(file ?? memory).append(numbers)
    },
    read: (start, count) => (file ?? memory).read(start, count),
    close() {
      memory.close()
      file?.close()
    },
  }
}

type PackedFile = PackedStore

/** Written through a buffer, since rows are short and calls are dear. */
const BUFFER_NUMBERS = 262_144

function createPackedFile(what: string, folder: string): PackedFile {
  const buffer = new Uint32Array(BUFFER_NUMBERS)
  let written = 0
  let waiting = 0
  let place: string | null = null
  let descriptor: number | null = null

  function close(): void {
    if (descriptor !== null) closeSync(descriptor)
    descriptor = null
    if (place !== null) rmSync(place, { recursive: true, force: true })
  }

  /** Its name goes at once where a system allows that: then nothing is left of it, whatever ends the process. */
  function open(): number {
    place = mkdtempSync(join(folder, 'coldmesh-rows-'))
    const opened = openSync(join(place, 'numbers'), 'wx+', 0o600)
    try {
      rmSync(place, { recursive: true })
    } catch {
      // `close` removes it.
    }
    return opened
  }

  function guarded<T>(work: (descriptor: number) => T): T {
    try {
      descriptor ??= open()
      return work(descriptor)
    } catch (cause) {
      close()
      const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
      throw new ColdmeshError(
        'refused',
        `The ${what} of the dataset can't be kept in ${folder}${isFull ? ': the disk is full' : ''}`,
        {
          cause,
          facts: { folder, numbers: written },
          hint: 'Make room, or set TMPDIR to a folder on another disk.',
        },
      )
    }
  }

  function write(numbers: Uint32Array): void {
    guarded((to) => {
      const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(to, bytes, at, bytes.length - at, written * NUMBER_BYTES + at)
      }
    })
    written += numbers.length
  }

  function flush(): void {
    if (waiting === 0) return
    write(buffer.subarray(0, waiting))
    waiting = 0
  }

  return {
    append(numbers) {
      if (waiting + numbers.length > BUFFER_NUMBERS) flush()
      if (numbers.length > BUFFER_NUMBERS) return write(numbers)
      buffer.set(numbers, waiting)
      waiting += numbers.length
    },
    read(start, count) {
      flush()
      const numbers = new Uint32Array(count)
      const bytes = new Uint8Array(numbers.buffer)
      return guarded((from) => {
        for (let at = 0; at < bytes.length; ) {
          const got = readSync(from, bytes, at, bytes.length - at, start * NUMBER_BYTES + at)
          if (got === 0) throw new RangeError('the file of numbers ends too early')
          at += got
        }
        return numbers
      })
    },
    close,
  }
}
