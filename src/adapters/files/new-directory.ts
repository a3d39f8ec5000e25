import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { takeAside } from './aside.ts'
import { syncDirectory } from './atomic.ts'

/** @throws ColdmeshError `bad-input` when something is there already */
export function requireFree(path: string): void {
  if (!existsSync(path)) return
  throw new ColdmeshError('bad-input', `${path} is there already.`, { hint: 'choose another place, or delete it' })
}

/**
 * Makes the directory `out`, which appears only when all of it is there: `fill` gets a directory aside, and syncs what it writes. What a killed
 * process left of the same directory is deleted.
 * @throws ColdmeshError `refused` (disk full, permissions), and what `fill` throws; nothing is then left
 */
export async function writeNewDirectory<T>(out: string, fill: (aside: string) => Promise<T>): Promise<T> {
  const aside = await takeAside(out).catch((error: unknown) => {
    throw diskError(error, 'write', out)
  })
  try {
    await mkdir(aside.path, { recursive: true })
    const result = await fill(aside.path)
    await syncDirectory(aside.path)
    await rename(aside.path, out)
    await syncDirectory(dirname(out))
    return result
  } catch (error) {
    throw systemCode(error) === undefined ? error : diskError(error, 'write', out)
  } finally {
    await aside.discard()
  }
}
