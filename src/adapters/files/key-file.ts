import { randomBytes } from 'node:crypto'
import { ColdmeshError } from '../../ports/errors.ts'
import { createPrivateFile, keyRefusal, readPrivateFile } from './private-file.ts'

/** A key file is exactly the 32-byte Ed25519 seed. */
export const KEY_BYTES = 32

/**
 * Makes a new key: 32 random bytes, readable by its owner only. Never replaces one.
 * @throws ColdmeshError `refused`
 */
export async function createKey(path: string): Promise<Uint8Array> {
  const seed = randomBytes(KEY_BYTES)
  if (await createPrivateFile(path, seed)) return Uint8Array.from(seed)
  throw new ColdmeshError('refused', `There is a key at ${path} already.`, {
    facts: { path },
    hint: 'Use it, or choose another path. A key that is overwritten is an identity lost.',
  })
}

/**
 * Reads a key; never makes one up.
 * @throws ColdmeshError `refused`: missing, readable by others, or not 32 bytes
 */
export async function readKey(path: string): Promise<Uint8Array> {
  const seed = await readPrivateFile(path)
  if (seed === null) {
    const hint = 'Restore it from a backup, or start with a new identity: coldmesh init.'
    throw keyRefusal(path, 'does not exist', hint)
  }
  if (seed.length === KEY_BYTES) return seed
  throw keyRefusal(path, `has ${seed.length} bytes instead of ${KEY_BYTES}`, 'Restore the key from a backup.')
}
