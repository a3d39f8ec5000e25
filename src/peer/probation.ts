import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../adapters/files/atomic.ts'
import type { Head } from '../rounds/state.ts'

/** Rounds that must be certified without us before a key without its journal speaks again. */
const ROUNDS = 2

/**
 * A committee key whose journal is missing can't know what it said: it stays silent until two rounds after the head
 * that it first saw. Kept in a file, so that a restart doesn't shorten it.
 * @returns null when the key may speak
 */
export async function openProbation(options: {
  readonly dataDir: string
  readonly isJournalNew: boolean
  readonly head: Head
  readonly isMember: boolean
}): Promise<{ reason: string; isOver: (head: Head) => boolean } | null> {
  const path = join(options.dataDir, 'probation')
  if (options.isJournalNew && options.isMember) {
    await writeFileAtomic(path, new TextEncoder().encode(`${options.head.round + ROUNDS}\n`))
  }
  const until = await readUntil(path)
  if (until === null) return null
  if (options.head.round >= until) {
    await rm(path, { force: true })
    return null
  }
  return {
    reason: `the journal of this key is new: silent until round ${until} is certified`,
    isOver: (head) => head.round >= until,
  }
}

async function readUntil(path: string): Promise<number | null> {
  try {
    const until = Number.parseInt(await readFile(path, 'utf8'), 10)
    return Number.isSafeInteger(until) ? until : null
  } catch {
    return null
  }
}
