import { lstat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'

/** Beside what an export key signed: the peer's word that the key is its own, and the key as other tools read it. */
export const EXPORT_KEY_SUFFIX = '.export-key.cbor'
export const EXPORT_KEY_PEM_SUFFIX = '.export-key.pub.pem'

/**
 * Nothing is there yet, no two are the same, and none lies in the directory that they are about.
 * @throws ColdmeshError `bad-input`, `refused`
 */
export async function requireFreePaths(paths: readonly string[], directory: string | null): Promise<void> {
  if (new Set(paths).size < paths.length) {
    throw new ColdmeshError('bad-input', 'Two of the files would be the same one.', { hint: 'give each its own name' })
  }
  for (const path of paths) {
    if (directory !== null && path.startsWith(`${resolve(directory)}${sep}`)) {
      throw new ColdmeshError('bad-input', `${path} would lie in the directory that it is about.`, {
        hint: 'put it beside the directory: another file in it makes another base',
      })
    }
    if (await isThere(path)) {
      throw new ColdmeshError('bad-input', `${path} is there already.`, {
        hint: 'choose another name, or delete it first',
      })
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    throw diskError(error, 'look for', path)
  }
}
