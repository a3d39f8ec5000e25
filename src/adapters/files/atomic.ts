import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskError } from './disk-error.ts'

export interface WriteOptions {
  /** Permission bits of a new file. Default 0o644. */
  readonly mode?: number
}

/** Temporary files carry this ending; one found at start-up is the rest of a crash and may be deleted. */
export const TEMPORARY_SUFFIX = '.tmp'

/**
 * Old bytes or new bytes, never half, even when the power fails: write aside, fsync, rename, fsync the directory.
 * @throws ColdmeshError `refused` (disk full, permissions); the old file is then as it was
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  const directory = dirname(path)
  const aside = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`)
  try {
    await mkdir(directory, { recursive: true })
    await writeDurable(aside, bytes, options.mode ?? 0o644)
    await rename(aside, path)
    await syncDirectory(directory)
  } catch (error) {
    await unlink(aside).catch(() => {})
    throw diskError(error, 'write', path)
  }
}

/** Creates `path` (it must not exist) with these bytes, on disk when it resolves. System errors pass through. */
export async function writeDurable(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes a rename, creation or deletion inside `directory` survive a power cut, where the system can. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(directory, 'r')
    await handle.sync()
  } catch (error) {
    // Windows opens no directories, and some file systems do not sync them.
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'EPERM' && code !== 'EISDIR' && code !== 'EINVAL' && code !== 'ENOTSUP') throw error
  } finally {
    await handle?.close()
  }
}
