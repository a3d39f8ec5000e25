import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { diskError, systemCode } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import { syncDirectory, TEMPORARY_SUFFIX } from './atomic.ts'

/** @throws ColdmeshError `bad-input` when something is there already */
export function requireFree(path: string): void {
  if (!existsSync(path)) return
  throw new ColdmeshError('bad-input', `${path} is there already.`, { hint: 'choose another place, or delete it' })
}

/** Those that this process works on. */
const underWay = new Set<string>()

/**
 * Makes the directory `out`, which appears only when all of it is there: `fill` gets a directory aside, and syncs what it writes. What a killed
 * process left of the same directory is deleted.
 * @throws ColdmeshError `refused` (disk full, permissions), and what `fill` throws; nothing is then left
 */
export async function writeNewDirectory<T>(out: string, fill: (aside: string) => Promise<T>): Promise<T> {
  const name = `.${basename(out)}.${process.pid}-${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
  const aside = join(dirname(out), name)
  underWay.add(aside)
  try {
    await deleteLeft(out)
    await mkdir(aside, { recursive: true })
    const result = await fill(aside)
    await syncDirectory(aside)
    await rename(aside, out)
    await syncDirectory(dirname(out))
    return result
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    throw systemCode(error) === undefined ? error : diskError(error, 'write', out)
  } finally {
    underWay.delete(aside)
  }
}

async function deleteLeft(out: string): Promise<void> {
  const [start, parent] = [`.${basename(out)}.`, dirname(out)]
  if (!existsSync(parent)) return
  for (const name of await readdir(parent)) {
    if (!name.startsWith(start) || !name.endsWith(TEMPORARY_SUFFIX)) continue
    const [, pid] = /^(\d+)-[0-9a-f]{12}$/.exec(name.slice(start.length, -TEMPORARY_SUFFIX.length)) ?? []
    const path = join(parent, name)
    if (pid === undefined || underWay.has(path) || isAlive(Number(pid))) continue
    await rm(path, { recursive: true, force: true })
  }
}

/** Another process, that is. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) !== 'ESRCH'
  }
}
