import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { systemCode } from '../../ports/disk-refusal.ts'
import { TEMPORARY_SUFFIX } from './atomic.ts'

/** Where something is made before it is named. */
export interface Aside {
  /** In the same directory, and not there yet. */
  readonly path: string
  /** Deletes what is still there. */
  discard(): Promise<void>
}

/** Those that this process works on. */
const underWay = new Set<string>()

/** Takes a place for what will be `out`. What a killed process left of the same is deleted. */
export async function takeAside(out: string): Promise<Aside> {
  const name = `.${basename(out)}.${process.pid}-${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`
  const path = join(dirname(out), name)
  underWay.add(path)
  const discard = async () => {
    underWay.delete(path)
    await rm(path, { recursive: true, force: true })
  }
  try {
    await deleteLeft(out)
  } catch (error) {
    await discard()
    throw error
  }
  return { path, discard }
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
