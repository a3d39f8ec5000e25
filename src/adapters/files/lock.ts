import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { LevelDatastore } from 'datastore-level'
import { ColdmeshError } from '../../ports/errors.ts'
import { writeFileAtomic } from './atomic.ts'
import { isLevelDamaged, isLevelLocked, levelError, openLevel } from './datastore.ts'

export interface DirectoryLock extends AsyncDisposable {
  /** Safe to call twice. The system releases it too when the process ends, however it ends. */
  release(): Promise<void>
}

const LOCK = 'lock'
const OWNER = 'lock.json'

/**
 * One process for one data directory. The lock is the one LevelDB takes from the operating system on an otherwise
 * empty store: it cannot go stale, so no guess is made about who is still alive. `lock.json` only says who holds it.
 * @throws ColdmeshError `locked` with the holder's pid, `refused`
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const path = join(directory, LOCK)
  const store = new LevelDatastore(path)
  try {
    await openOrMend(store, path)
  } catch (error) {
    if (isLevelLocked(error)) throw await held(directory, error)
    throw levelError(error, 'lock', directory)
  }
  let released = false
  const release = async (): Promise<void> => {
    if (released) return
    released = true
    await store.close()
  }
  try {
    const owner = { pid: process.pid, started: new Date(performance.timeOrigin).toISOString() }
    await writeFileAtomic(join(directory, OWNER), Buffer.from(`${JSON.stringify(owner)}\n`))
  } catch (error) {
    await release()
    throw error
  }
  return { release, [Symbol.asyncDispose]: release }
}

/**
 * Opens the store; a damaged one is emptied, as it holds nothing. The file that is locked stays, so that of two processes
 * that find the damage one has the lock all the same.
 */
async function openOrMend(store: LevelDatastore, path: string): Promise<void> {
  try {
    await openLevel(store, path)
  } catch (error) {
    if (!isLevelDamaged(error)) throw error
    for (const name of await readdir(path)) {
      if (name !== 'LOCK') await rm(join(path, name), { recursive: true, force: true })
    }
    await openLevel(store, path)
  }
}

async function held(directory: string, cause: unknown): Promise<ColdmeshError> {
  const { pid, started } = await readOwner(join(directory, OWNER))
  const who =
    pid === undefined ? 'another process' : `process ${pid}${started === undefined ? '' : `, started ${started}`}`
  return new ColdmeshError('locked', `The data directory ${directory} is in use by ${who}.`, {
    facts: { path: directory, pid: pid ?? null },
    hint: `Stop that process${pid === undefined ? '' : ` (kill ${pid})`}, or choose another data directory.`,
    cause,
  })
}

async function readOwner(path: string): Promise<{ pid?: number; started?: string }> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (owner === null || typeof owner !== 'object') return {}
    return {
      ...('pid' in owner && typeof owner.pid === 'number' ? { pid: owner.pid } : {}),
      ...('started' in owner && typeof owner.started === 'string' ? { started: owner.started } : {}),
    }
  } catch {
    return {}
  }
}
