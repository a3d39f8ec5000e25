import { randomBytes } from 'node:crypto'
import { link, lstat, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { makeDirectory, syncDirectory, TEMPORARY_SUFFIX, writeDurable } from './atomic.ts'

const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * Makes a file that only its owner can read. Never replaces one: false when there is one already.
 * @throws ColdmeshError `refused`
 */
export async function createPrivateFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const aside = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
  try {
    await makeDirectory(dirname(path), 0o700)
    await writeDurable(aside, bytes, OWNER_ONLY)
    // A hard link fails where a rename would silently replace an existing key.
    await link(aside, path)
    await syncDirectory(dirname(path))
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw diskError(error, 'create the key', path)
  } finally {
    await unlink(aside).catch(() => {})
  }
}

/** Far more than any key has. */
const MAX_BYTES = 16 * 1024

/**
 * Reads a file that only its owner may read; null when there is none.
 * @throws ColdmeshError `refused`: a link, readable by others, far too long
 */
export async function readPrivateFile(path: string): Promise<Uint8Array | null> {
  try {
    const status = await lstat(path)
    if (!status.isFile()) throw keyRefusal(path, 'is not a regular file', 'Put the key file itself there, not a link.')
    if (process.platform !== 'win32' && (status.mode & OTHERS) !== 0) {
      const mode = (status.mode & 0o777).toString(8)
      throw keyRefusal(path, `can be read by others (mode ${mode})`, `Run: chmod 600 ${path}`)
    }
    if (status.size > MAX_BYTES) throw keyRefusal(path, `has ${status.size} bytes`, 'Restore the key from a backup.')
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw diskError(error, 'read the key', path)
  }
}

/** Why a key file is not taken, and what to do. */
export function keyRefusal(path: string, what: string, hint: string): ColdmeshError {
  return new ColdmeshError('refused', `The key file ${path} ${what}.`, { facts: { path }, hint })
}
