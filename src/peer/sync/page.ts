import { MAX_PAGE, type SyncBase } from '../../../protocols/sync/messages.ts'
import { MEBIBYTE } from '../../../protocols/wire/limits.ts'
import type { SyncClient } from './client.ts'

/** A page ends after the base that passes this: with the next one being checked, all that a catch-up holds in memory. */
const MAX_PAGE_BYTES = 4 * MEBIBYTE

/** Bases in a row from one peer, as it gave them. */
export interface Page {
  readonly bases: readonly SyncBase[]
  /** Why it ended, where that is the peer's doing: what came before is good. */
  readonly error: unknown
  /** The peer had no more to give. */
  readonly isLast: boolean
}

/** Reads a page to its end before anything of it is checked: our own slowness is not counted as the peer's. Never throws. */
export async function readPage(
  sync: Pick<SyncClient, 'bases'>,
  peer: string,
  from: number,
  signal: AbortSignal,
): Promise<Page> {
  const bases: SyncBase[] = []
  let bytes = 0
  try {
    for await (const base of sync.bases(peer, { from }, signal)) {
      bases.push(base)
      bytes += base.lineage.length + base.certificate.length
      if (bytes >= MAX_PAGE_BYTES) return { bases, error: null, isLast: false }
    }
  } catch (error) {
    return { bases, error, isLast: false }
  }
  return { bases, error: null, isLast: bases.length < MAX_PAGE }
}
