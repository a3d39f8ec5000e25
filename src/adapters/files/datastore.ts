import { mkdir, rename, rm } from 'node:fs/promises'
import { LevelDatastore } from 'datastore-level'
import { diskError } from '../../ports/disk-refusal.ts'
import { ColdmeshError } from '../../ports/errors.ts'
import type { Log } from '../../ports/system.ts'
import { DAMAGED_SUFFIX } from './mended-journal.ts'

/**
 * Opens the key-value store of libp2p's peer store and DHT (LevelDB). The caller closes it. A damaged one is put aside as
 * `.damaged` and a new one begun: it only helps to find peers.
 * @throws ColdmeshError `locked` (another process has it), `refused`
 */
export async function openDatastore(directory: string, log?: Log): Promise<LevelDatastore> {
  try {
    return await openAt(directory)
  } catch (error) {
    if (!isLevelDamaged(error)) throw error
    const aside = `${directory}${DAMAGED_SUFFIX}`
    log?.warn('peers-damaged', { aside, error: String(error) })
    try {
      await rm(aside, { recursive: true, force: true })
      await rename(directory, aside)
    } catch (refused) {
      throw diskError(refused, 'put aside', directory)
    }
    return await openAt(directory)
  }
}

async function openAt(directory: string): Promise<LevelDatastore> {
  const store = new LevelDatastore(directory)
  try {
    await openLevel(store, directory)
  } catch (error) {
    if (isLevelLocked(error)) {
      throw new ColdmeshError('locked', `Another process uses ${directory}.`, {
        facts: { path: directory },
        hint: 'Stop the other coldmesh process, or choose another data directory.',
        cause: error,
      })
    }
    throw levelError(error, 'open', directory)
  }
  return store
}

/** Opens the database below the store: the store's own `open` keeps only the text of an error, not its code. */
export async function openLevel(store: LevelDatastore, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await store.db.open({ createIfMissing: true, compression: false })
}

/** What the system said, in the words that LevelDB passes on. */
const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  'No space left': 'ENOSPC',
  'Disk quota': 'EDQUOT',
  'Read-only file system': 'EROFS',
  'Permission denied': 'EACCES',
  'Too many open files': 'EMFILE',
}

/** A failure of LevelDB as one of the disk: its own codes say only that something failed. */
export function levelError(error: unknown, doing: string, path: string): ColdmeshError {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { message } = cause
    const known = Object.entries(SYSTEM_WORDS).find(([words]) => message.includes(words))
    if (known) return diskError(Object.assign(new Error(message, { cause: error }), { code: known[1] }), doing, path)
  }
  return diskError(error, doing, path)
}

/** What LevelDB says of files that are not what it wrote. A lost file counts too: what refers to it is damaged. */
export function isLevelDamaged(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'LEVEL_CORRUPTION') return true
    if (/^Corruption: |No such file or directory/.test(cause.message)) return true
  }
  return false
}

/** LevelDB holds an operating-system lock on its directory; the code sits somewhere in the chain of causes. */
export function isLevelLocked(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && cause.code === 'LEVEL_LOCKED') return true
  }
  return false
}
