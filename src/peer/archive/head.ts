import { equalCids } from '../../../protocols/wire/bytes.ts'
import type { Head } from '../../rounds/state.ts'
import type { PeerContext } from '../context.ts'
import { type ArchiveObject, describeArchive } from './describe.ts'

/** The archive of everything that led to the newest base: its object is a function of the chain here, and served without the file. */
export interface HeadArchive {
  /** CID of its `archive/1` object. */
  root(head: Head): string
  /** Puts the object where the gateway finds it. Never throws. */
  keep(head: Head): void
}

export function createHeadArchive({
  network,
  store,
  log,
}: Pick<PeerContext, 'network' | 'store' | 'log'>): HeadArchive {
  let known: ArchiveObject | null = null

  function objectOf({ base, round, certificate }: Head): ArchiveObject {
    if (known !== null && equalCids(known.archive.base, base)) return known
    known = describeArchive({ network, base, round, certificate, contents: 'everything' })
    return known
  }

  return {
    root: (head) => String(objectOf(head).root),
    keep: (head) => {
      const { root, block } = objectOf(head)
      store.put(root, block).catch((error: unknown) => log.warn('archive-not-kept', { error: String(error) }))
    },
  }
}
