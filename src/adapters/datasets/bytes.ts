import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { ColdmeshError } from '../../ports/errors.ts'

/** A compressed file unpacks to at most so many times its size: text packs some 3 to 20 times, a bomb a thousand. */
const MAX_RATIO = 200
/** Small files may be as repetitive as they like. */
const ALWAYS_ALLOWED_BYTES = 64 * 1024 ** 2

export type OnPosition = (bytes: number) => void

/** The extension that says what is in a file, without `.gz`, in lower case. */
export function extensionOf(path: string): string {
  return /(\.[^./\\]+?)(\.gz)?$/i.exec(path)?.[1]?.toLowerCase() ?? ''
}

export function isPacked(path: string): boolean {
  return /\.gz$/i.test(path)
}

/**
 * The bytes of a file, unpacked when its name ends in .gz.
 *
 * @param onPosition is told how far into the file, as it lies there, the reading is
 * @throws ColdmeshError `bad-input` when it is missing, not a file or damaged; `too-large` when it unpacks to more than it should
 */
export async function* readBytes(path: string, onPosition: OnPosition = () => {}): AsyncGenerator<Uint8Array> {
  const { size } = await statFile(path)
  const source = createReadStream(path, { highWaterMark: 256 * 1024 })
  if (!isPacked(path)) {
    for await (const chunk of source) {
      onPosition(source.bytesRead)
      yield asBytes(chunk)
    }
    return
  }
  const maxBytes = Math.max(ALWAYS_ALLOWED_BYTES, size * MAX_RATIO)
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  source.on('error', (error) => gunzip.destroy(error)).pipe(gunzip)
  let bytes = 0
  try {
    for await (const chunk of gunzip) {
      const piece = asBytes(chunk)
      bytes += piece.length
      if (bytes > maxBytes) throw tooLarge(path, size, maxBytes)
      onPosition(source.bytesRead)
      yield piece
    }
  } catch (cause) {
    throw cause instanceof ColdmeshError || !isZlib(cause) ? cause : damaged(path, cause)
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

/** @throws ColdmeshError `bad-input` when it is missing or neither a file nor a folder */
export async function statPath(path: string) {
  try {
    return await stat(path)
  } catch (cause) {
    throw new ColdmeshError('bad-input', `There is no file ${path} that can be read`, {
      cause,
      facts: { path },
      hint: 'Check the path; it is relative to the current directory.',
    })
  }
}

/** @throws ColdmeshError `bad-input` when it is missing or not a file */
export async function statFile(path: string) {
  const stats = await statPath(path)
  if (stats.isFile()) return stats
  throw new ColdmeshError('bad-input', `${path} isn't a file`, { facts: { path } })
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  throw new TypeError('a stream without an encoding gives bytes')
}

function isZlib(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_')
}

function damaged(path: string, cause: unknown): ColdmeshError {
  return new ColdmeshError('bad-input', `${path} can't be unpacked: it is damaged, incomplete, or not gzip`, {
    cause,
    facts: { path },
    hint: 'Get the file again, or unpack it and give what comes out.',
  })
}

function tooLarge(path: string, bytes: number, maxBytes: number): ColdmeshError {
  return new ColdmeshError('too-large', `${path} unpacks to more than ${maxBytes} bytes, ${MAX_RATIO} times its size`, {
    facts: { path, bytes, maxBytes },
    hint: 'If it is what it should be, unpack it and give what comes out.',
  })
}
