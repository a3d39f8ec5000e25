import { randomBytes } from 'node:crypto'
import { link, lstat, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { makeDirectory, syncDirectory, TEMPORARY_SUFFIX, writeDurable } from './atomic.ts'

/** A key file is exactly the 32-byte Ed25519 seed. */
export const KEY_BYTES = 32
const OWNER_ONLY = 0o600
const OTHERS = 0o077

/**
 * Makes a new key: 32 random bytes, readable by its owner only. Never replaces one.
 * @throws ColdmeshError `refused`
 */
export async function createKey(path: string): Promise<Uint8Array> {
  const seed = randomBytes(KEY_BYTES)
  const aside = `${path}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
  try {
    await makeDirectory(dirname(path), 0o700)
    await writeDurable(aside, seed, OWNER_ONLY)
    // A hard link fails where a rename would silently replace an existing key.
    await link(aside, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    if (systemCode(error) === 'EEXIST') {
      throw new ColdmeshError('refused', `There is a key at ${path} already.`, {
        facts: { path },
        hint: 'Use it, or choose another path. A key that is overwritten is an identity lost.',
      })
    }
    throw diskError(error, 'create the key', path)
  } finally {
    await unlink(aside).catch(() => {})
  }
  return Uint8Array.from(seed)
}

/**
 * Reads a key; never makes one up.
 * @throws ColdmeshError `refused`: missing, readable by others, or not 32 bytes
 */
export async function readKey(path: string): Promise<Uint8Array> {
  try {
    const status = await lstat(path)
    if (!status.isFile()) throw refusal(path, 'is not a regular file', 'Put the key file itself there, not a link.')
    if (process.platform !== 'win32' && (status.mode & OTHERS) !== 0) {
      const mode = (status.mode & 0o777).toString(8)
      throw refusal(path, `can be read by others (mode ${mode})`, `Run: chmod 600 ${path}`)
    }
    if (status.size !== KEY_BYTES) {
      throw refusal(path, `has ${status.size} bytes instead of ${KEY_BYTES}`, 'Restore the key from a backup.')
    }
    const seed = await readFile(path)
    if (seed.byteLength !== KEY_BYTES) throw refusal(path, 'changed while it was read', 'Try again.')
    return Uint8Array.from(seed)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw refusal(path, 'does not exist', 'Restore it from a backup, or start with a new identity: coldmesh init.')
    }
    throw diskError(error, 'read the key', path)
  }
}

function refusal(path: string, what: string, hint: string): ColdmeshError {
  return new ColdmeshError('refused', `The key file ${path} ${what}.`, { facts: { path }, hint })
}
