import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ColdmeshError } from '../../ports/errors.ts'
import { createMemoryStore, type TokenStore } from '../../training/rows.ts'

const TOKEN_BYTES = Uint32Array.BYTES_PER_ELEMENT

/**
 * Tokens in memory as long as they are few, else in a temporary file, which is gone once it is closed.
 *
 * @param folder where the file goes
 * @param memoryTokens how many are few
 * @throws ColdmeshError `refused` when the disk is full or can't be written; nothing is left then
 */
export function createSpillingStore({
  folder,
  memoryTokens,
}: {
  readonly folder: string
  readonly memoryTokens: number
}): TokenStore {
  const memory = createMemoryStore()
  let file: TokenFile | null = null
  return {
    append(tokens) {
      if (file === null && memory.tokens + tokens.length > memoryTokens) {
        file = createTokenFile(folder)
        for (const piece of memory.pieces()) file.append(piece)
        memory.close()
      }
      ;(file ?? memory).append(tokens)
    },
    read: (start, count) => (file ?? memory).read(start, count),
    close() {
      memory.close()
      file?.close()
    },
  }
}

type TokenFile = TokenStore

/** Written through a buffer, since rows are short and calls are dear. */
const BUFFER_TOKENS = 262_144

function createTokenFile(folder: string): TokenFile {
  const buffer = new Uint32Array(BUFFER_TOKENS)
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
    place = mkdtempSync(join(folder, 'coldmesh-tokens-'))
    const opened = openSync(join(place, 'tokens'), 'wx+', 0o600)
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
        `The tokens of the dataset can't be kept in ${folder}${isFull ? ': the disk is full' : ''}`,
        {
          cause,
          facts: { folder, tokens: written },
          hint: 'Make room (4 bytes a token), or set TMPDIR to a folder on another disk.',
        },
      )
    }
  }

  function write(tokens: Uint32Array): void {
    guarded((to) => {
      const bytes = new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength)
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(to, bytes, at, bytes.length - at, written * TOKEN_BYTES + at)
      }
    })
    written += tokens.length
  }

  function flush(): void {
    if (waiting === 0) return
    write(buffer.subarray(0, waiting))
    waiting = 0
  }

  return {
    append(tokens) {
      if (waiting + tokens.length > BUFFER_TOKENS) flush()
      if (tokens.length > BUFFER_TOKENS) return write(tokens)
      buffer.set(tokens, waiting)
      waiting += tokens.length
    },
    read(start, count) {
      flush()
      const tokens = new Uint32Array(count)
      const bytes = new Uint8Array(tokens.buffer)
      return guarded((from) => {
        for (let at = 0; at < bytes.length; ) {
          const got = readSync(from, bytes, at, bytes.length - at, start * TOKEN_BYTES + at)
          if (got === 0) throw new RangeError('the file of tokens ends too early')
          at += got
        }
        return tokens
      })
    },
    close,
  }
}
