import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { syncDirectory, TEMPORARY_SUFFIX } from './atomic.ts'

/** @throws ColdmeshError `bad-input` when something is there already */
export function requireFree(path: string): void {
  if (!existsSync(path)) return
  throw new ColdmeshError('bad-input', `${path} is there already.`, { hint: 'choose another place, or delete it' })
}

/**
 * Makes the directory `out`, which appears only when all of it is there: `fill` gets a directory aside, and syncs what it writes.
 * @throws ColdmeshError `refused` (disk full, permissions), and what `fill` throws; nothing is then left
 */
export async function writeNewDirectory<T>(out: string, fill: (aside: string) => Promise<T>): Promise<T> {
  const aside = join(dirname(out), `.${basename(out)}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`)
  try {
    await mkdir(aside, { recursive: true })
    const result = await fill(aside)
    await syncDirectory(aside)
    await rename(aside, out)
    await syncDirectory(dirname(out))
    return result
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw systemCode(error) === undefined ? error : diskError(error, 'write', out)
  }
}
