import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'

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
    await makeDirectory(directory)
    await writeDurable(aside, bytes, options.mode ?? 0o644)
    await rename(aside, path)
    await syncDirectory(directory)
  } catch (error) {
    await unlink(aside).catch(() => {})
    throw diskError(error, 'write', path)
  }
}

/** Deletes a file, for good when it resolves; one that is not there is no error. @throws ColdmeshError `refused` */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path)
    await syncDirectory(dirname(path))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw diskError(error, 'delete', path)
  }
}

/** Makes a directory and those above it, each on disk under its parent's name when it resolves. System errors pass through. */
export async function makeDirectory(directory: string, mode?: number): Promise<void> {
  const first = await mkdir(directory, { recursive: true, ...(mode === undefined ? {} : { mode }) })
  if (first === undefined) return
  const top = dirname(first)
  for (let made = dirname(directory); made.length > top.length; made = dirname(made)) await syncDirectory(made)
  await syncDirectory(top)
}

/** Deletes what a crash left half written in `directory`. Only for whoever holds the data directory's lock. */
export async function sweepTemporary(directory: string): Promise<void> {
  try {
    for (const name of await readdir(directory)) {
      if (name.endsWith(TEMPORARY_SUFFIX)) await unlink(join(directory, name))
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw diskError(error, 'clear what a crash left in', directory)
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

/** Windows opens no directories, and some file systems do not sync them. */
const UNSYNCED = ['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP']

/** Makes a rename, creation or deletion inside `directory` survive a power cut, where the system can. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle | undefined
  try {
    handle = await open(directory, 'r')
    await handle.sync()
  } catch (error) {
    if (!UNSYNCED.includes(systemCode(error) ?? '')) throw error
  } finally {
    await handle?.close()
  }
}
