import { constants, type FileHandle, open } from 'node:fs/promises'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/** A pipe would wait for somebody to write into it. */
export const WITHOUT_WAITING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/**
 * Reads a small file that somebody handed over.
 * @returns null when there is none; of one that has more than `maxBytes`, one byte more than these
 * @throws ColdmeshError `bad-input` for what is no regular file, `refused`
 */
export async function readAtMost(
  path: string,
  { maxBytes, hint }: { readonly maxBytes: number; readonly hint: string },
): Promise<Uint8Array | null> {
  try {
    await using file = await open(path, WITHOUT_WAITING)
    const status = await file.stat()
    if (status.isFile()) return await readStart(file, Math.min(status.size, maxBytes + 1))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    if (systemCode(error) !== 'EISDIR') throw diskError(error, 'read', path)
  }
  throw new ColdmeshError('bad-input', `${path} is no regular file.`, { hint })
}

async function readStart(file: FileHandle, bytes: number): Promise<Uint8Array> {
  const whole = new Uint8Array(bytes)
  let length = 0
  while (length < bytes) {
    const { bytesRead } = await file.read(whole, length, bytes - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return whole.subarray(0, length)
}
